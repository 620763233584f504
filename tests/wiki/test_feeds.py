"""The blog as RSS and Atom, read by somebody else's parser."""

from datetime import timedelta

import feedparser
import pytest
from django.urls import reverse
from django.utils import timezone

from members.models import Topic
from tests.factories import make_member, make_post
from wiki import posts

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _site(settings):
    settings.SITE_URL = "https://club.example"


@pytest.mark.parametrize(("name", "kind"), [("post_feed", "rss20"), ("post_atom", "atom10")])
def test_a_foreign_parser_reads_the_feed(client, name, kind):
    authors = [make_member(name="Ada Quill"), make_member(name="Bo Marsh")]
    post = make_post(
        title="Noise & <order>",
        excerpt="Why noise helps.",
        text="See [the wiki](/wiki/Home/) and ![](/wiki/files/abc.png).\n\n$x^2$ and a control sign: \x0b.\n",
        authors=authors,
        state="published",
    )
    post.topics.add(Topic.objects.create(name="Diffusion", slug="diffusion"))
    make_post(title="Not out", state="scheduled")

    answer = client.get(reverse(f"wiki:{name}"))
    feed = feedparser.parse(answer.content)

    assert (feed.bozo, feed.version) == (False, kind)
    assert [entry.title for entry in feed.entries] == ["Noise & <order>"]
    entry = feed.entries[0]
    assert entry.link == "https://club.example/blog/noise-order/"
    assert entry.summary == "Why noise helps."
    assert [author.name for author in entry.authors if "name" in author] == ["Ada Quill", "Bo Marsh"]
    assert [tag.term for tag in entry.tags] == ["Diffusion"]
    assert 'href="https://club.example/wiki/Home/"' in entry.content[0].value
    assert 'src="https://club.example/wiki/files/abc.png"' in entry.content[0].value
    assert entry.published_parsed[:3] == post.published_at.utctimetuple()[:3]
    assert any(
        link.rel == "self" and link.href == f"https://club.example{reverse(f'wiki:{name}')}"
        for link in feed.feed.links
    )


@pytest.mark.parametrize("name", ["post_feed", "post_atom"])
def test_a_post_keeps_its_name_in_the_feed_when_its_words_and_its_address_change(client, name):
    post = make_post(title="Noise", state="published", at=timezone.now() - timedelta(days=3))
    before = feedparser.parse(client.get(reverse(f"wiki:{name}")).content).entries[0]
    posts.move(post, "order", now=timezone.now())
    posts.save(
        post,
        posts.Words("Order", "", "New words.\n"),
        base=1,
        author=post.credits()[0].user,
        now=timezone.now(),
    )
    after = feedparser.parse(client.get(reverse(f"wiki:{name}")).content).entries[0]

    assert after.id == before.id
    assert (after.title, after.link) == ("Order", "https://club.example/blog/order/")
    if name == "post_atom":
        assert after.updated_parsed > before.updated_parsed


@pytest.mark.parametrize("name", ["post_feed", "post_atom"])
def test_who_has_the_newest_is_sent_nothing(client, name, django_assert_max_num_queries):
    make_post(state="published", at=timezone.now() - timedelta(days=3))
    first = client.get(reverse(f"wiki:{name}"))
    assert first["Cache-Control"] == "public, max-age=300"

    with django_assert_max_num_queries(3):
        again = client.get(reverse(f"wiki:{name}"), headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    dated = client.get(reverse(f"wiki:{name}"), headers={"If-Modified-Since": first["Last-Modified"]})
    assert dated.status_code == 304
    make_post(state="published")
    assert client.get(reverse(f"wiki:{name}"), headers={"If-None-Match": first["ETag"]}).status_code == 200


def test_a_feed_without_posts_is_a_feed(client):
    feed = feedparser.parse(client.get(reverse("wiki:post_atom")).content)
    assert (feed.bozo, feed.entries) == (False, [])
