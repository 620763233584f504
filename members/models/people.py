from __future__ import annotations

import re
from datetime import date
from typing import Any

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.contrib.postgres.expressions import ArraySubquery
from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils import timezone
from django.utils.text import slugify

from members import standing as standings
from members.models.offices import OfficeTerm
from members.models.terms import Membership, Term
from members.models.topics import Topic
from mlclub.privacy import Erase, Policy


class UserQuerySet(models.QuerySet["User"]):
    def real(self) -> UserQuerySet:
        """Accounts that stand for a living account: neither suspended nor erased."""
        return self.filter(is_active=True, erased_at=None)

    def active_in(self, term: Term) -> UserQuerySet:
        """People whose membership in `term` is active."""
        return self.filter(memberships__term=term, memberships__status=Membership.Status.ACTIVE)

    def with_membership(self, term: Term | None) -> UserQuerySet:
        """Prefetches the membership in `term` as `term_memberships`."""
        return self.prefetch_related(
            models.Prefetch("memberships", Membership.objects.filter(term=term), to_attr="term_memberships")
        )

    def with_latest_status(self, on: date | None = None) -> UserQuerySet:
        """Knows `latest_status`: the status of the latest membership that has begun, today or `on` another day."""
        begun = Membership.objects.filter(
            person=models.OuterRef("pk"), term__starts_on__lte=on or standings.today()
        )
        return self.alias(
            latest_status=models.Subquery(begun.order_by("-term__starts_on").values("status")[:1])
        )

    def still_here(self, on: date | None = None) -> UserQuerySet:
        """Whom the club can ask, today or `on` another day: members of this term or of the one before it who have not
        left, and whoever holds an office. Somebody who was not yet asked whether they are back counts as here."""
        today = on or standings.today()
        begun = Membership.objects.filter(person=models.OuterRef("pk"), term__starts_on__lte=today)
        latest_terms = Term.objects.started(today).order_by("-starts_on").values("pk")[:2]
        stays = models.Q(latest_status__in=["active", "on_break", "invited"]) & models.Exists(
            begun.filter(term__in=latest_terms)
        )
        office = OfficeTerm.objects.held_on(today).filter(person=models.OuterRef("pk"))
        return self.real().with_latest_status(today).filter(stays | models.Q(models.Exists(office)))

    def alumni(self, on: date | None = None) -> UserQuerySet:
        """People whose latest membership made them alumni."""
        return self.with_latest_status(on).filter(models.Q(latest_status=Membership.Status.ALUMNUS))

    def readers(self, term: Term | None, on: date | None = None) -> UserQuerySet:
        """People who read the members' area, today or `on` another day, when the current term is `term`: active or on
        a break in it, alumni, and whoever holds an office."""
        day = on or standings.today()
        mine = Membership.objects.filter(person=models.OuterRef("pk"))
        this_term = mine.filter(term=term, status__in=["active", "on_break"])
        offices = OfficeTerm.objects.held_on(day).filter(person=models.OuterRef("pk"))
        is_alumnus = models.Q(latest_status=Membership.Status.ALUMNUS)
        people = self.real().with_latest_status(on)
        return people.filter(models.Exists(this_term) | models.Exists(offices) | is_alumnus)

    def visible_to(self, viewer: User) -> UserQuerySet:
        """Whom `viewer` finds in the directory: members of this term, alumni and officers who agreed, and themselves."""
        standing = viewer.standing
        if not (standing.reads_members_area or viewer.is_superuser):
            return self.filter(pk=viewer.pk)
        people = self.readers(standing.term)
        if standing.is_officer or viewer.is_superuser:
            return people
        return people.filter(models.Q(is_listed=True) | models.Q(pk=viewer.pk))

    def with_expertise(self) -> UserQuerySet:
        """Adds `knows`: the names of what the person knows about."""
        known = Topic.objects.filter(experts=models.OuterRef("pk")).order_by("name")
        return self.annotate(knows=ArraySubquery(known.values("name")))

    def matching(self, words: str, viewer: User) -> UserQuerySet:
        """People whose name, field of study or topics contain every one of the words, accents aside.

        A field of study is searched only by those to whom the person shows it.
        """
        shown = models.Q(visibility__study="members") | ~models.Q(visibility__has_key="study")
        if viewer.standing.is_officer:
            shown |= models.Q(visibility__study="officers")
        found = self
        for word in words.split()[:8]:
            topics = Topic.objects.filter(name__unaccent__icontains=word)
            found = found.filter(
                models.Q(name__unaccent__icontains=word)
                | (models.Q(study__unaccent__icontains=word) & shown)
                | models.Q(pk__in=User.expertise.through.objects.filter(topic__in=topics).values("user"))
                | models.Exists(
                    Membership.objects.filter(person=models.OuterRef("pk"), term=viewer.standing.term).filter(
                        models.Q(learn__in=topics) | models.Q(give__in=topics)
                    )
                )
            )
        return found


class UserManager(BaseUserManager["User"].from_queryset(UserQuerySet)):  # type: ignore[misc]
    use_in_migrations = False

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        """Create an account. Without a password the person signs in by a code sent to `email`."""
        if not email:
            raise ValueError("An account needs a mail address.")
        user: User = self.model(email=email.strip().lower(), **fields)
        if not user.handle:
            user.handle = self.free_handle(user.name or email.split("@")[0])
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        """The webmaster's emergency door; officers get their rights from offices instead."""
        return self.create_user(email, password, is_superuser=True, is_staff=True, **fields)

    def free_handle(self, name: str) -> str:
        """A handle nobody has yet, made from `name`: ada-lovelace, then ada-lovelace-2."""
        base = slugify(name)[:40] or "person"
        # /people/me/ is everybody's own page.
        taken = {"me", *self.filter(handle__startswith=base).values_list("handle", flat=True)}
        if base not in taken:
            return base
        number = 2
        while f"{base}-{number}" in taken:
            number += 1
        return f"{base}-{number}"

    def get_by_natural_key(self, email: str | None) -> User:
        return self.get(email=(email or "").strip().lower())


class User(AbstractBaseUser, PermissionsMixin):
    """A person with an account, whatever they are to the club. What they may do follows from terms and offices."""

    class Visibility(models.TextChoices):
        NOBODY = "nobody", "Only me"
        OFFICERS = "officers", "Officers"
        MEMBERS = "members", "Members"

    # What the person gives
    email = models.EmailField("mail address", unique=True)
    name = models.CharField(max_length=120, help_text="As you want to be called here.")
    handle = models.SlugField(
        max_length=50, unique=True, validators=[RegexValidator(r"^[a-z0-9-]+$", "Use a–z, 0–9 and hyphens.")]
    )
    pronouns = models.CharField(max_length=40, blank=True)
    about = models.TextField(max_length=4000, blank=True, help_text="What you do and like. Markdown.")
    study = models.CharField("field of study or work", max_length=120, blank=True)
    graduates_on = models.DateField("graduation", null=True, blank=True)
    website = models.URLField(blank=True)
    contact = models.CharField(max_length=120, blank=True, help_text="How to reach you other than by mail.")
    avatar = models.ImageField(upload_to="avatars/", blank=True)
    expertise = models.ManyToManyField(Topic, blank=True, related_name="experts")
    # Privacy field by field; a field not named here is for members.
    visibility = models.JSONField(default=dict, blank=True)
    is_listed = models.BooleanField("show me in the directory", default=True)
    shows_registrations = models.BooleanField("show members which events I am going to", default=True)
    avoids_photographs = models.BooleanField(
        "do not show me in photographs",
        default=False,
        help_text="Hosts read it before they share pictures of an event that you were at.",
    )

    # What we record
    is_active = models.BooleanField("may sign in", default=True)
    is_staff = models.BooleanField("emergency access", default=False, editable=False)
    suspended_at = models.DateTimeField(null=True, blank=True, editable=False)
    suspended_reason = models.CharField(max_length=300, blank=True, editable=False)
    erasure_asked_at = models.DateTimeField(null=True, blank=True, editable=False)
    erased_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    last_seen_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    #: Fields whose audience the person chooses, with the default audience.
    CHOSEN_FIELDS = {
        "email": Visibility.OFFICERS,
        "contact": Visibility.MEMBERS,
        "pronouns": Visibility.MEMBERS,
        "study": Visibility.MEMBERS,
        "graduates_on": Visibility.OFFICERS,
        "about": Visibility.MEMBERS,
        "website": Visibility.MEMBERS,
    }

    personal_data = Policy(
        owners=("pk",),
        on_erase=Erase.ANONYMISE,
        why="The row stays as a pseudonym so that teams, counts and the audit trail keep their shape.",
    )

    class Meta:
        verbose_name = "person"
        verbose_name_plural = "people"
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(Lower("email"), name="one_account_an_address"),
            models.UniqueConstraint(Lower("handle"), name="one_account_a_handle"),
        ]
        permissions = [
            ("import_people", "Can import people"),
            ("suspend_user", "Can suspend an account"),
            ("erase_user", "Can erase a person's data"),
            ("export_people", "Can export people"),
            ("view_desk", "Can open the desk"),
        ]

    def __str__(self) -> str:
        return self.display_name

    def get_absolute_url(self) -> str:
        return reverse("members:person_detail", args=[self.handle])

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.email = self.email.strip().lower()
        if not self.handle:
            self.handle = User.objects.free_handle(self.name or self.email.split("@")[0])
        super().save(*args, **kwargs)

    @property
    def display_name(self) -> str:
        return self.name or self.handle

    @property
    def initials(self) -> str:
        """One or two letters for the grey circle."""
        words = re.findall(r"\w+", self.display_name)
        return (
            "".join(word[0] for word in (words[:1] + words[-1:] if len(words) > 1 else words)).upper() or "?"
        )

    @property
    def avatar_url(self) -> str:
        """Where members get the uploaded picture; empty without one. Changes with the picture."""
        if not self.avatar:
            return ""
        stamp = str(self.avatar.name).rpartition("/")[2].rpartition(".")[0]
        return f"{reverse('members:avatar', args=[self.handle])}?v={stamp}"

    def get_full_name(self) -> str:
        return self.display_name

    def get_short_name(self) -> str:
        return self.display_name.split(" ")[0]

    @property
    def standing(self) -> standings.Standing:
        """What the person is to the club today; see `members.standing`."""
        return standings.of(self)

    @property
    def enters_admin(self) -> bool:
        """Whether the admin opens to this person: an office today, or the emergency account."""
        return self.is_active and (self.is_superuser or self.standing.is_officer)

    @property
    def needs_second_factor(self) -> bool:
        return self.enters_admin

    def audience_of(self, field: str) -> str:
        """Who may see `field` (see CHOSEN_FIELDS): nobody, officers or members."""
        return self.visibility.get(field, self.CHOSEN_FIELDS[field])

    def shown_to(self, viewer: User, field: str) -> Any:
        """The value of a chosen field for `viewer`, or an empty string where it is not theirs to see."""
        audience = self.audience_of(field)
        may_see = (
            viewer.pk == self.pk
            or (audience != self.Visibility.NOBODY and viewer.standing.is_officer)
            or (audience == self.Visibility.MEMBERS and viewer.standing.reads_members_area)
        )
        return (getattr(self, field) or "") if may_see else ""
