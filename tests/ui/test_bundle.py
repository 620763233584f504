import gzip
import re

from django.contrib.staticfiles import finders

from mlclub import bundle


def test_the_site_gets_one_style_sheet_with_the_layers_in_order():
    text = bundle.joined_css(bundle.SITE_CSS)

    assert text.startswith("@layer reset, tokens, base, layout, components, utilities;")
    assert text.count("{") == text.count("}")
    assert "/*" not in text
    assert ".btn" in text
    assert ".roster" in text
    assert "../../" not in text


def test_every_component_says_its_layer():
    components = bundle.STATIC / "css" / "components"

    assert [
        path.name for path in components.glob("*.css") if "@layer components {" not in path.read_text()
    ] == []


def test_the_finder_offers_every_bundle_to_whitenoise_and_collectstatic():
    for name in bundle.BUNDLES:
        found = finders.find(name)
        assert found
        assert bundle.Path(found).read_text() == bundle.BUNDLES[name]()

    listed = {path for path, storage in bundle.BundleFinder().list(None) if storage.exists(path)}
    assert listed == set(bundle.BUNDLES)


def test_a_changed_source_is_written_again():
    written = bundle.write("css/site.css")
    written.write_text("old")

    assert bundle.write("css/site.css").read_text() == bundle.joined_css(bundle.SITE_CSS)


def test_what_a_first_visit_loads_is_small():
    static = bundle.STATIC
    loaded = [
        bundle.write("css/site.css"),
        bundle.write("js/site.js"),
        static / "vendor" / "htmx.min.js",
        static / "fonts" / "source-sans-3-latin-wght-normal.woff2",
        static / "icons" / "mark.svg",
        static / "icons" / "chevron.svg",
    ]

    # As they travel; the page itself may have 60 kB of the 150.
    assert sum(len(gzip.compress(path.read_bytes())) for path in loaded) <= 75_000


def test_static_files_travel_compressed(client):
    answer = client.get("/static/css/site.css", headers={"accept-encoding": "gzip"})

    assert answer["Content-Encoding"] == "gzip"
    assert gzip.decompress(b"".join(answer.streaming_content)).startswith(b"@layer")


def test_behaviours_neither_import_nor_export():
    script = bundle.joined_js(bundle.BEHAVIOURS)

    assert not re.search(r"^\s*(?:import|export)\b", script, re.MULTILINE)
