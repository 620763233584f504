from members.models import Announcement
from tests.factories.members import make_officer


def make_announcement(
    *, written_by=None, audience="members:active", subject="Kelp", body="Come and see.", **fields
):
    return Announcement.objects.create(
        written_by=written_by or make_officer(), audience=audience, subject=subject, body=body, **fields
    )
