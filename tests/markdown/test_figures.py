"""A picture that stands alone and has a title is a figure."""

from mlclub.markdown import Citation, Context, render


def html(text, **context):
    return str(render(text, context=Context(**context) if context else None).html)


def test_the_title_of_a_picture_that_stands_alone_is_its_caption():
    page = html('![A plot](/wiki/files/a.png "What *we* saw at $x^2$")')

    assert page.startswith("<figure><img")
    assert "<figcaption>What <em>we</em> saw at <math" in page
    assert "title=" not in page.partition("<figcaption>")[0]


def test_a_caption_may_cite():
    page = html(
        '![](/a.png "After @quill2019.")',
        citations=lambda keys: {key: Citation("Quill 2019") for key in keys},
    )
    assert "Quill 2019" in page.partition("<figcaption>")[2]
    assert "References" in page


def test_a_picture_within_a_sentence_or_without_a_title_stays_one():
    assert "<figure" not in html('See ![it](/a.png "here") there.')
    assert "<figure" not in html("![it](/a.png)")


def test_a_caption_is_as_harmless_as_the_rest():
    page = html('![x](/a.png "<script>alert(1)</script><img src=x onerror=alert(2)>")')
    assert "<script" not in page
    assert "onerror=" not in page.replace("&lt;img src=x onerror=", "")
