from django.core.management.base import BaseCommand

from members import offices


class Command(BaseCommand):
    help = (
        "Makes the offices a club starts with and gives each the rights that the apps name. Safe to repeat."
    )

    def handle(self, *args: object, **options: object) -> None:
        made = offices.seed()
        self.stdout.write(f"{made} offices made; the rights of all are up to date.")
