"""What people who share a project do on the screen, in their words."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect
from screens import SLOW, panel


def notebook(page: Page, name: str) -> Locator:
    """The open document of that name."""
    return page.locator(f'.jp-NotebookPanel:not(.lm-mod-hidden)[aria-label^="{name}"], '
                        ".jp-NotebookPanel:not(.lm-mod-hidden)").first  # fmt: skip


def new_project(page: Page, name: str) -> None:
    """Make a project through the switcher."""
    panel(page).get_by_role("button", name="Change project").click()
    page.get_by_role("option", name="New project…").click()
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_role("button", name="Create").click()
    expect(panel(page).get_by_role("button", name="Change project")).to_contain_text(name)


def go_to(page: Page, project: str) -> None:
    """Switch to a project."""
    panel(page).get_by_role("button", name="Change project").click()
    page.get_by_role("option").filter(has_text=project).click()
    expect(panel(page).get_by_role("button", name="Change project")).to_contain_text(project)


def project_tab(page: Page) -> Locator:
    """The panel's Project section."""
    panel(page).get_by_role("tab", name="Project").click()
    return panel(page).get_by_role("tabpanel")


def share(page: Page, name: str, role: str) -> None:
    """Share the current project through the dialog."""
    project_tab(page).get_by_role("button", name="Share…").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name of a person or a team").fill(name)
    dialog.get_by_role("option").filter(has_text=name).click()
    dialog.get_by_label("Role to give").select_option(label=role)
    dialog.get_by_role("button", name="Share", exact=True).click()
    expect(dialog.get_by_label(f"Role of {name}")).to_be_visible()


def done(page: Page) -> None:
    """Close the dialog."""
    page.get_by_role("dialog").get_by_role("button", name="Done").click()
    expect(page.get_by_role("dialog")).to_have_count(0)


def open_file(page: Page, name: str) -> None:
    """Open a file of the current project from the panel."""
    project_tab(page).get_by_role("button", name=name).click()
    expect(page.locator(".jp-NotebookPanel")).to_have_count(1, timeout=SLOW)


def write_in(page: Page, cell: int, source: str) -> None:
    """Replace what is in a cell."""
    editor = page.locator(".jp-NotebookPanel .jp-Cell").nth(cell).locator(".cm-content")
    editor.click()
    page.keyboard.press("Control+A")
    page.keyboard.type(source)
    expect(editor).to_have_text(source)


def save(page: Page) -> None:
    """Control+S."""
    page.keyboard.press("Control+s")


def saved(page: Page) -> None:
    """Nothing in the open document waits to be saved."""
    expect(page.locator(".jp-mod-dirty")).to_have_count(0)


def files(page: Page) -> Locator:
    """The file browser of the shared projects, opened where it is not."""
    region = page.get_by_role("region", name="Shared projects")
    if not region.is_visible():
        page.locator('.jp-SideBar .lm-TabBar-tab[title^="Shared projects"]').click()
    expect(region).to_be_visible()
    return region


def in_files(page: Page, name: str) -> Locator:
    """A file or a folder in that browser."""
    return files(page).locator(".jp-DirListing-item").filter(has_text=name)


def choose_in_menu(page: Page, name: str, label: str) -> None:
    """Right-click a file and choose from its menu."""
    in_files(page, name).click(button="right")
    page.locator(".lm-Menu-item", has=page.get_by_text(label, exact=True)).click()


def paste(page: Page) -> None:
    """Paste what was cut or copied into the folder that the browser shows."""
    files(page).locator(".jp-DirListing-content").click(
        button="right", position={"x": 80, "y": 200}
    )
    page.locator(".lm-Menu-item", has=page.get_by_text("Paste", exact=True)).click()


def new_folder(page: Page, name: str) -> None:
    """Make a folder in the folder that the browser shows."""
    files(page).get_by_role("button", name="New Folder").click()
    editor = files(page).locator(".jp-DirListing-editor")
    editor.fill(name)
    editor.press("Enter")
    expect(in_files(page, name)).to_be_visible()
