import pytest

from wiki import paths
from wiki.linking import Directory, Place


def directory(*pages, redirects=()):
    found = Directory()
    for number, path in enumerate(pages):
        found.add(Place(path, number, path, paths.title_of(path)))
    for old, new in redirects:
        found.add(Place(old, pages.index(new), new, "", is_redirect=True))
    return found


@pytest.mark.parametrize(
    ("folder", "name", "expected"),
    [
        ("RL", "Home", "RL/Home"),
        ("CV", "Home", "Home"),
        ("", "Home", "Home"),
        ("RL/PG", "Home", "Home"),
        ("RL", "MDP", "RL/MDP"),
        ("RL", "mdp", "RL/MDP"),
        ("RL", "MDP copy", "RL/MDP copy"),
        ("NLP", "mdp", "RL/MDP"),
        ("NLP", "common/attention", "NLP/common/Attention"),
        ("CV", "common/Attention", "NLP/common/Attention"),
        ("CV", "hugging face", "NLP/common/hugging_face"),
        ("CV", "/RL/MDP", "RL/MDP"),
        ("RL", "./MDP", "RL/MDP"),
        ("RL", "../Home", "Home"),
        ("RL", "MDP.md", "RL/MDP"),
        ("CV", "RL", "RL/Home"),
        ("RL", "", None),
        ("RL", "..", None),
        ("RL", "Nothing", None),
        ("CV", "Old page", "RL/MDP"),
        ("CV", "Moved over", "CV/Moved over"),
    ],
)
def test_a_name_means_one_page(folder, name, expected):
    pages = [
        "Home",
        "RL/Home",
        "RL/MDP copy",
        "RL/MDP",
        "NLP/common/Attention",
        "NLP/common/hugging_face",
        "CV/Moved over",
    ]
    redirects = [("RL/Old page", "RL/MDP"), ("RL/Moved over", "RL/MDP")]

    for order in (pages, pages[::-1]):
        place = directory(*order, redirects=redirects).find(folder, name)
        assert (place.page_path if place else None) == expected


def test_the_nearest_of_several_pages_of_one_name_wins():
    found = directory("A/B/Notes", "A/Notes", "C/Notes")

    assert found.find("A/X", "notes").path == "A/Notes"
    assert found.find("A/B", "notes").path == "A/B/Notes"
    assert found.find("Z", "notes").path == "A/Notes"


@pytest.mark.parametrize(
    ("path", "title"),
    [
        ("CV/Home", "CV"),
        ("Home", "Home"),
        ("NLP/GPT_1", "GPT 1"),
        ("A-Guide-To-Wiki/Home", "A Guide To Wiki"),
        ("Sentence-BERT", "Sentence-BERT"),
        ("_Sidebar", "Sidebar"),
    ],
)
def test_a_path_gives_a_title(path, title):
    assert paths.title_of(path) == title
