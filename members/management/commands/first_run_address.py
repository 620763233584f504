from django.core.management.base import BaseCommand

from members import first_run


class Command(BaseCommand):
    help = "Prints the one-time address at which a new club is set up; nothing once it is."

    def handle(self, *args: object, **options: object) -> None:
        if first_run.is_done():
            self.stderr.write("The club is set up already.")
        else:
            self.stdout.write(f"Set up the club at {first_run.address()}")
