import json
import threading
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.utils import timezone

from tests.factories import make_paper
from wiki import lookups, papers, sources
from wiki.models import Paper, PaperLookup
from wiki.papers import Named

NOW = datetime(2026, 10, 14, 12, tzinfo=ZoneInfo("UTC"))

ATOM = """<?xml version="1.0" encoding="UTF-8"?>
<feed xmlns="http://www.w3.org/2005/Atom">
  <title type="html">ArXiv Query</title>
  {entry}
</feed>"""
ENTRY = """<entry>
    <id>http://arxiv.org/abs/2006.11239v2</id>
    <published>2020-06-19T17:24:44Z</published>
    <title>Denoising Diffusion
  Probabilistic Models</title>
    <summary>  We present high quality image synthesis results. </summary>
    <author><name>Ada Quill</name></author>
    <author><name>Bo Marsh</name></author>
    <arxiv:journal_ref xmlns:arxiv="http://arxiv.org/schemas/atom">Proceedings, 2020</arxiv:journal_ref>
  </entry>"""
CSL = {
    "type": "article-journal",
    "title": ["Deep tides"],
    "author": [{"given": "Cy", "family": "Reed"}, {"literal": "The Gauge Group"}],
    "issued": {"date-parts": [[2015, 5, 28]]},
    "container-title": "Harbour Letters",
    "abstract": "<jats:p>About &amp; around tides.</jats:p>",
}


class Registry(BaseHTTPRequestHandler):
    """arXiv's query and doi.org, as they speak."""

    def do_GET(self):
        asked = urlsplit(self.path)
        self.server.asked.append((self.path, self.headers["Accept"]))
        if self.server.is_broken:
            return self.say(503, b"busy")
        if asked.path == "/api/query":
            number = parse_qs(asked.query)["id_list"][0]
            entry = ENTRY if number == "2006.11239" else ""
            return self.say(200, self.server.atom or ATOM.format(entry=entry).encode())
        if asked.path == "/10.1000/182":
            self.send_response(302)
            self.send_header("Location", "/works/182")
            return self.end_headers()
        if asked.path == "/10.1000/publisher":
            self.send_response(302)
            self.send_header("Location", "http://169.254.169.254/latest/meta-data/")
            return self.end_headers()
        if asked.path == "/works/182":
            return self.say(200, json.dumps(CSL).encode())
        return self.say(404, b"DOI not found")

    def say(self, status, body):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


@pytest.fixture
def registry(settings, monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Registry)
    server.asked, server.is_broken, server.atom = [], False, b""
    threading.Thread(target=server.serve_forever, daemon=True).start()
    settings.PAPER_LOOKUP = True
    settings.ARXIV_URL = settings.DOI_URL = f"http://127.0.0.1:{server.server_port}"
    yield server
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("typed", "known"),
    [
        ("2006.11239", {"arxiv_id": "2006.11239"}),
        ("arXiv:2006.11239v2", {"arxiv_id": "2006.11239"}),
        ("ARXIV: 2006.11239 [cs.LG]", {"arxiv_id": "2006.11239"}),
        ("https://arxiv.org/abs/2006.11239v2#comments", {"arxiv_id": "2006.11239"}),
        ("http://www.arxiv.org/pdf/2006.11239.pdf?download=1", {"arxiv_id": "2006.11239"}),
        ("export.arxiv.org/abs/2006.11239", {"arxiv_id": "2006.11239"}),
        ("https://arxiv.org/html/2401.04088v1", {"arxiv_id": "2401.04088"}),
        ("https://doi.org/10.48550/arXiv.2006.11239", {"arxiv_id": "2006.11239"}),
        ("hep-th/9901001v3", {"arxiv_id": "hep-th/9901001"}),
        ("10.1000/182", {"doi": "10.1000/182"}),
        ("doi: 10.1000/182.", {"doi": "10.1000/182"}),
        ("https://dx.doi.org/10.1000%2F182?nosfx=y", {"doi": "10.1000/182"}),
        ("<https://doi.org/10.1016/S0893-6080(05)80023-1>", {"doi": "10.1016/S0893-6080(05)80023-1"}),
        ("https://papers.example/2006.11239", {"url": "https://papers.example/2006.11239"}),
    ],
)
def test_a_paper_is_known_in_whatever_form_somebody_pastes_it(typed, known):
    assert papers.known_by(typed) == known


@pytest.mark.parametrize(
    "typed", ["", "attention", "2006.1", "ftp://arxiv.org/x", "javascript:alert(1)", "11.1000/182"]
)
def test_what_is_no_paper_is_refused(typed):
    with pytest.raises(ValueError):
        papers.known_by(typed)


@pytest.mark.django_db
def test_a_number_alone_brings_title_authors_and_year(registry):
    paper = papers.keep(Named(title="", arxiv_id="2006.11239"), now=NOW)
    assert (paper.title, paper.is_untitled) == ("arXiv:2006.11239", True)
    assert lookups.work(clock=lambda: NOW) == 1
    paper.refresh_from_db()
    assert (paper.title, paper.authors, paper.year, paper.venue, paper.is_untitled) == (
        "Denoising Diffusion Probabilistic Models",
        ["Ada Quill", "Bo Marsh"],
        2020,
        "Proceedings, 2020",
        False,
    )
    assert paper.lookup.state == PaperLookup.State.FOUND


@pytest.mark.django_db
def test_a_doi_is_asked_for_data_and_its_registry_is_followed(registry):
    paper = papers.keep(Named(title="", doi="10.1000/182"), now=NOW)
    lookups.work(clock=lambda: NOW)
    paper.refresh_from_db()
    assert (paper.title, paper.authors_text, paper.year, paper.venue, paper.abstract) == (
        "Deep tides",
        "Cy Reed and The Gauge Group",
        2015,
        "Harbour Letters",
        "About & around tides.",
    )
    assert registry.asked[0] == ("/10.1000/182", "application/vnd.citationstyles.csl+json")


@pytest.mark.django_db
def test_a_redirect_to_anywhere_else_is_not_followed(registry):
    paper = papers.keep(Named(title="A talk", doi="10.1000/publisher"), now=NOW)
    assert lookups.work(clock=lambda: NOW) == 1
    paper.refresh_from_db()
    assert (paper.title, paper.lookup.state) == ("A talk", PaperLookup.State.UNKNOWN)


@pytest.mark.django_db
def test_what_somebody_typed_stays(registry):
    paper = papers.keep(Named(title="The diffusion paper", arxiv_id="2006.11239"), now=NOW)
    lookups.work(clock=lambda: NOW)
    paper.refresh_from_db()
    assert (paper.title, paper.year) == ("The diffusion paper", 2020)


@pytest.mark.django_db
def test_an_answer_is_kept_for_good_and_never_asked_for_again(registry):
    papers.keep(Named(title="", arxiv_id="2006.11239"), now=NOW)
    lookups.work(clock=lambda: NOW)
    papers.keep(Named(title="", arxiv_id="2006.11239V1".removesuffix("V1")), now=NOW)
    lookups.work(clock=lambda: NOW + timedelta(days=400))
    assert len(registry.asked) == 1


@pytest.mark.django_db
def test_nobody_answers_and_the_paper_stands_as_it_was_named_until_somebody_does(registry):
    registry.is_broken = True
    paper = papers.keep(Named(title="", arxiv_id="2006.11239"), now=NOW)
    assert lookups.work(clock=lambda: NOW) == 0
    row = PaperLookup.objects.get(paper=paper)
    assert (row.state, row.try_at, row.problem) == (
        PaperLookup.State.WAITING,
        NOW + timedelta(minutes=1),
        "it answered 503",
    )
    registry.is_broken = False
    lookups.work(clock=lambda: NOW + timedelta(minutes=2))
    paper.refresh_from_db()
    assert paper.title == "Denoising Diffusion Probabilistic Models"


@pytest.mark.django_db
def test_after_six_times_nobody_is_asked_any_more(registry):
    registry.is_broken = True
    papers.keep(Named(title="", arxiv_id="2006.11239"), now=NOW)
    for days in range(12):
        lookups.work(clock=lambda days=days: NOW + timedelta(days=days))
    assert PaperLookup.objects.get().state == PaperLookup.State.GIVEN_UP
    assert len(registry.asked) == 6


@pytest.mark.django_db
def test_a_number_that_arxiv_does_not_know_keeps_what_was_typed(registry):
    paper = papers.keep(Named(title="", arxiv_id="1234.56789"), now=NOW)
    lookups.work(clock=lambda: NOW)
    paper.refresh_from_db()
    assert (paper.title, paper.is_untitled, paper.lookup.state) == (
        "arXiv:1234.56789",
        True,
        PaperLookup.State.UNKNOWN,
    )
    papers.keep(Named(title="Typed later", arxiv_id="1234.56789"), now=NOW)
    paper.refresh_from_db()
    assert (paper.title, paper.is_untitled) == ("Typed later", False)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "body",
    [
        b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bomb">]><feed>&b;</feed>',
        b"<feed",
        b"x" * 1_200_000,
    ],
)
def test_an_answer_that_is_not_what_was_agreed_is_no_answer(registry, body):
    registry.atom = body
    papers.keep(Named(title="", arxiv_id="2006.11239"), now=NOW)
    assert lookups.work(clock=lambda: NOW) == 0
    assert PaperLookup.objects.get().state == PaperLookup.State.WAITING


def test_a_registry_that_says_nonsense_is_no_answer():
    for body in (b"[1]", b"no", b'"x"'):
        with pytest.raises(sources.Silent):
            sources.read_csl(body)
    assert sources.read_csl(b'{"title": [], "author": 3, "issued": {"date-parts": null}}') is None
    assert sources.read_csl(b'{"title": "T", "author": [1, {"given": null}], "issued": []}').authors == ""


@pytest.mark.django_db
def test_without_a_way_out_nothing_is_asked(settings):
    settings.PAPER_LOOKUP = False
    papers.keep(Named(title="Typed", arxiv_id="2006.11239"), now=NOW)
    assert not PaperLookup.objects.exists()


@pytest.mark.django_db
def test_between_two_questions_to_arxiv_lie_three_seconds_of_all_workers_together(registry):
    for n in range(3):
        papers.keep(Named(title="", arxiv_id=f"2006.1123{n}"), now=NOW)
    moments, clock = [], {"now": NOW}

    def pass_(seconds):
        clock["now"] += timedelta(seconds=seconds)

    def at():
        moments.append((len(registry.asked), clock["now"]))
        return clock["now"]

    lookups.work(clock=at, sleep=pass_)
    asked = {}
    for count, moment in moments:
        asked.setdefault(count, moment)
    assert len(registry.asked) == 3
    assert [(asked[n] - NOW).total_seconds() for n in (1, 2, 3)] == [0, 3, 6]
    assert lookups.take(clock["now"]) == (None, None)


@pytest.mark.django_db(transaction=True)
@pytest.mark.race
def test_of_four_workers_one_asks_and_the_others_learn_how_long_to_wait(registry):
    for n in range(4):
        papers.keep(Named(title="", arxiv_id=f"2006.1123{n}"), now=NOW)
    start, taken = threading.Barrier(4), []

    def run():
        try:
            start.wait()
            taken.append(lookups.take(NOW))
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(4)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert sum(lookup is not None for _, lookup in taken) == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.race
@pytest.mark.parametrize(
    "named",
    [
        Named(title="", arxiv_id="2006.11239"),
        Named(title="Deep tides", doi="10.1000/182"),
        Named(title="A page", url="https://papers.example/1"),
        Named(title="Only a title"),
    ],
)
def test_eight_who_paste_the_same_paper_at_once_get_one_paper(named):
    start, made = threading.Barrier(8), []

    def run():
        try:
            start.wait()
            made.append(papers.keep(named, now=timezone.now()).pk)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(8)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert Paper.objects.count() == 1
    assert len(set(made)) == 1


@pytest.mark.django_db
def test_a_doi_that_another_paper_has_is_not_taken_twice():
    make_paper(title="The printed one", doi="10.1000/182")
    paper = make_paper(title="The preprint", arxiv_id="2006.11239")
    lookups.fill(paper, sources.Found(title="x", doi="10.1000/182", year=2020))
    paper.refresh_from_db()
    assert (paper.doi, paper.year) == ("", 2020)
