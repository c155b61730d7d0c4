"""The client of a server that several people share: projects, teams, people, what they may."""

import pytest

from submarine_ext.errors import Conflict, Forbidden, Invalid, NotFound


class TestProjects:
    def test_everybody_has_one_from_the_first_moment(self, person):
        alice, bob = person("alice"), person("bob")
        assert (alice.project, bob.project) == (alice.me().personal_project, "bob")
        assert bob.projects.get().role == "owner"

    def test_the_one_that_is_meant_can_be_chosen_here_or_in_the_environment(
        self, person, vision, monkeypatch
    ):
        alice = person("alice")
        monkeypatch.setenv("SUBMARINE_PROJECT", vision)
        assert alice.projects.get().name == vision
        alice.project = "default"
        assert alice.projects.get().name == "default"
        alice.project = None
        assert alice.project == vision

    def test_change_as_they_are_told(self, person, vision):
        projects = person("alice").projects
        changed = projects.update(vision, title="New", settings={"viewer_logs": True})
        assert (changed.title, changed.settings.viewer_logs) == ("New", True)
        assert projects.archive(vision).state == "archived"
        assert projects.activate(vision).state == "active"

    def test_go_to_the_trash_come_back_and_go_for_good(self, person, vision):
        projects = person("alice").projects
        projects.delete(vision)
        assert projects.get(vision).state == "trashed"
        projects.activate(vision)
        with pytest.raises(Conflict):
            projects.purge(vision)
        projects.delete(vision)
        projects.purge(vision)
        with pytest.raises(NotFound):
            projects.get(vision)

    def test_a_taken_name_and_one_that_cannot_be_are_told_apart(self, person, vision):
        with pytest.raises(Conflict):
            person("bob").projects.create(vision)
        with pytest.raises(Invalid) as caught:
            person("bob").projects.create("No Slug")
        assert caught.value.field == "name"


class TestSharing:
    def test_shows_the_project_to_the_other_and_takes_it_away_again(self, person, vision):
        alice, bob = person("alice"), person("bob")
        with pytest.raises(NotFound):
            bob.projects.get(vision)
        grant = alice.projects.share(vision, "bob", "editor")
        assert (grant.subject, grant.role, grant.known) == ("user:bob", "editor", True)
        assert bob.projects.get(vision).role == "editor"
        assert vision in [project.name for project in bob.projects.list()]
        alice.projects.unshare(vision, "bob")
        with pytest.raises(NotFound):
            bob.projects.get(vision)

    def test_lists_members_and_says_who_has_not_been_here(self, person, vision):
        projects = person("alice").projects
        projects.share(vision, "nobody-yet")
        members = {grant.subject: (grant.role, grant.known) for grant in projects.members(vision)}
        assert members == {"user:alice": ("owner", True), "user:nobody-yet": ("viewer", False)}

    def test_names_of_any_kind_stay_as_they_are(self, person, vision):
        projects = person("alice").projects
        names = ["zoë@example.org", "a b/c%2f", "user:x", "team:"]
        for name in names:
            projects.share(vision, f"user:{name}")
        subjects = {grant.subject for grant in projects.members(vision)}
        assert {f"user:{name}" for name in names} <= subjects
        for name in names:
            projects.unshare(vision, f"user:{name}")
        assert [g.subject for g in projects.members(vision)] == ["user:alice"]

    def test_is_for_owners(self, person, vision):
        person("alice").projects.share(vision, "bob", "editor")
        with pytest.raises(Forbidden):
            person("bob").projects.share(vision, "carol")

    def test_ends_when_somebody_leaves_but_never_with_the_last_owner(self, person, vision):
        alice, bob = person("alice"), person("bob")
        with pytest.raises(Conflict):
            alice.projects.leave(vision)
        alice.projects.share(vision, "bob")
        bob.projects.leave(vision)
        with pytest.raises(NotFound):
            bob.projects.get(vision)

    def test_hands_a_project_over_once_it_is_accepted(self, person, vision):
        alice, bob = person("alice"), person("bob")
        assert alice.projects.offer(vision, "bob").offered_to == "bob"
        bob.projects.decline(vision)
        alice.projects.offer(vision, "bob")
        assert bob.projects.accept(vision).role == "owner"
        assert alice.projects.get(vision).role == "editor"

    def test_in_an_emergency_an_admin_looks_in_and_the_owners_see_why(self, person, vision):
        admin = person("root-admin")
        with pytest.raises(Forbidden):
            admin.secrets(vision).list()
        with pytest.raises(Invalid):
            admin.projects.break_glass(vision, "short")
        grant = admin.projects.break_glass(vision, "alice is away, the run is stuck", minutes=5)
        assert grant.until is not None
        assert admin.secrets(vision).list() == []
        reasons = [grant.reason for grant in person("alice").projects.members(vision)]
        assert "alice is away, the run is stuck" in reasons
        admin.projects.mend_glass(vision)
        with pytest.raises(Forbidden):
            admin.secrets(vision).list()


@pytest.fixture
def team(person, request):
    made = person("root-admin").teams.create(f"team-{abs(hash(request.node.name)) % 10**8}")
    yield made.name
    person("root-admin").teams.delete(made.name)


class TestTeams:
    def test_are_shared_with_like_people(self, person, vision, team):
        admin, alice, bob = person("root-admin"), person("alice"), person("bob")
        admin.teams.add(team, "bob")
        alice.projects.share(vision, f"team:{team}", "editor")
        assert bob.projects.get(vision).role == "editor"
        admin.teams.remove(team, "bob")
        with pytest.raises(NotFound):
            bob.projects.get(vision)
        alice.projects.unshare(vision, f"team:{team}")

    def test_show_their_members_to_each_other_only(self, person, team):
        admin = person("root-admin")
        admin.teams.add(team, "bob", "manager")
        assert [m.user for m in person("bob").teams.get(team).members] == ["bob"]
        assert person("carol").teams.get(team).members == []
        assert person("bob").teams.add(team, "carol").members[-1].user == "carol"

    def test_are_found_by_a_part_of_their_name_and_renamed(self, person, team):
        admin = person("root-admin")
        assert admin.teams.update(team, title="Seeing").title == "Seeing"
        assert [found.name for found in admin.teams.list(team[2:])] == [team]

    def test_are_made_by_admins(self, person):
        with pytest.raises(Forbidden):
            person("alice").teams.create("mine")


class TestPeople:
    def test_are_found_by_a_part_of_their_name(self, person):
        for name in ("alice", "bob"):
            person(name).me()
        found = [user.name for user in person("alice").users.search("b")]
        assert "bob" in found
        assert "alice" not in found

    def test_have_accounts_that_only_admins_see_and_change(self, person):
        person("bob").me()
        assert person("alice").users.get("bob").disabled is None
        with pytest.raises(Forbidden):
            person("alice").users.change("bob", disabled=True)
        assert person("root-admin").users.get("bob").disabled is False

    def test_of_a_closed_account_can_do_nothing_until_it_is_opened(self, person):
        carol, admin = person("carol"), person("root-admin")
        carol.me()
        admin.users.change("carol", disabled=True)
        with pytest.raises(Forbidden):
            carol.projects.list()
        admin.users.change("carol", disabled=False)
        assert carol.projects.list()
