"""Plain keyword-only functions that make rows with sensible defaults."""

from tests.factories.afterwards import *  # noqa: F403
from tests.factories.announcements import *  # noqa: F403
from tests.factories.boards import *  # noqa: F403
from tests.factories.capstones import *  # noqa: F403
from tests.factories.checks import *  # noqa: F403
from tests.factories.contacts import *  # noqa: F403
from tests.factories.courses import *  # noqa: F403
from tests.factories.events import *  # noqa: F403
from tests.factories.fairs import *  # noqa: F403
from tests.factories.groups import *  # noqa: F403
from tests.factories.library import *  # noqa: F403
from tests.factories.mastery import *  # noqa: F403
from tests.factories.members import *  # noqa: F403
from tests.factories.nmep import *  # noqa: F403
from tests.factories.pairings import *  # noqa: F403
from tests.factories.partners import *  # noqa: F403
from tests.factories.posts import *  # noqa: F403
from tests.factories.reviewing import *  # noqa: F403
from tests.factories.rooms import *  # noqa: F403
from tests.factories.sign_up import *  # noqa: F403
from tests.factories.slots import *  # noqa: F403
from tests.factories.speakers import *  # noqa: F403
from tests.factories.symposia import *  # noqa: F403
from tests.factories.wiki import *  # noqa: F403
