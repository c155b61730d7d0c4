"""Every view of the extension: how to open it, and how wide people have it.

One list for what must hold everywhere: no barrier, nothing cut off, German, right to left. A
view that is new gets its line in :func:`views_of` and is looked at in all these ways.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Locator, Page, expect
from screens import SLOW
from studio import BASIN, StudioLab, write

#: Widths in CSS pixels: the panel as narrow and as wide as people have it; the main area likewise.
WIDTHS = {"side": (280, 400), "main": (400, 1200), "dialog": (400, 1200)}
WIDTHS["document"] = WIDTHS["main"]
ROOTS = {
    "document": ".sub-Output:visible",
    "side": ".sub-Panel:visible",
    "main": ".sub-Main:visible",
    "dialog": ".sub-Modal:visible",
}


#: Buttons in English and in German.
MERGE = re.compile("^(Merge|Zusammenführen)")
OVERLAY = re.compile("^(Overlay runs|Läufe überlagern)")


@dataclass(frozen=True)
class View:
    """``open`` shows it, as often as it is called; ``ready`` is what it shows then."""

    name: str
    place: str
    open: Callable[[Page], object]
    ready: str
    close: Callable[[Page], object] = lambda page: None
    within: str = ""

    def root(self, page: Page) -> Locator:
        """What is looked at: ``within``, else all of the kind of place that it stands in."""
        return page.locator(self.within or ROOTS[self.place]).first

    def show(self, page: Page) -> Locator:
        """Open it and wait until it stands there; its root."""
        self.open(page)
        root = self.root(page)
        expect(root.locator(self.ready).first).to_be_visible(timeout=SLOW)
        expect(root.locator(".sub-Skeleton, .sub-Spinner")).to_have_count(0)
        return root


def command(name: str, **args: Any) -> Callable[[Page], object]:
    """Run a command of the lab."""
    script = "([name, args]) => void window.jupyterapp.commands.execute(name, args)"
    return lambda page: page.evaluate(script, [name, args])


def section(number: int) -> Callable[[Page], object]:
    """Show the panel, and its section of that number."""

    def show(page: Page) -> None:
        command("submarine:open-panel")(page)
        page.locator('.sub-Panel [role="tab"]').nth(number).click()

    return show


def views_of(lab: StudioLab) -> list[View]:
    """All of them, as Dana has them in the project ``basin``."""
    job = {tab: {"id": lab.jobs["done"], "tab": tab} for tab in JOB_TABS}
    tab = {name: {"project": BASIN, "tab": name} for name in PROJECT_TABS}
    file = {"project": BASIN, "path": "train.ipynb"}
    compared = {"ids": [lab.jobs["done"], lab.jobs["other"]]}
    cells = f"submarine:{BASIN}/cells.ipynb"
    return [
        View("panel-jobs", "side", section(0), ".sub-JobRow"),
        View("panel-switcher", "side", switcher, '[role="option"]', close=escape,
             within=".sub-Switcher-popup"),
        View("panel-project", "side", section(1), ".sub-FileRow"),
        View("panel-use", "side", section(2), '[role="tabpanel"] > *'),
        *(
            View(f"job-{name}", "main", command("submarine:open-job", **job[name]), ready)
            for name, ready in JOB_TABS.items()
        ),
        View("job-failed", "main", command("submarine:open-job", id=lab.jobs["failed"], tab="logs"),
             ".sub-LogLine"),
        View("job-waiting", "main", command("submarine:open-job", id=lab.jobs["waiting"]),
             ".sub-Reason"),
        View("compare", "main", command("submarine:compare", **compared), ".sub-CompareTable"),
        View("compare-choose", "dialog", command("submarine:compare", ids=[lab.jobs["done"]]),
             ".sub-Chooser-job", close=escape),
        View("overlay-choose", "dialog", lambda page: overlay(page, lab), ".sub-Chooser-job",
             close=escape),
        View("new-job", "main", once("submarine:new-job", ".sub-NewJob"), "form"),
        *(
            View(f"project-{name}", "main", command("submarine:open-project", **tab[name]), ready)
            for name, ready in PROJECT_TABS.items()
        ),
        View("history", "main", command("submarine:history", **file), ".sub-Versions"),
        View("merge", "main", lambda page: merge(page, lab), ".sub-Merge"),
        View("card", "document", command("docmanager:open", path=f"submarine:{BASIN}/output.ipynb"),
             ".sub-State"),
        *(
            View(f"cell-{name}", "document", command("docmanager:open", path=cells),
                 ready, within=f".sub-CellFooterHost:visible >> nth={number}")
            for number, (name, ready) in enumerate(FOOTERS.items())
        ),
        View("teams", "main", command("submarine:open-teams"), ".sub-CardBox"),
        View("people", "main", command("submarine:open-people"), ".sub-CardBox"),
        View("share", "dialog", command("submarine:share", project=BASIN), "ul.sub-Rows",
             close=escape),
    ]  # fmt: skip


JOB_TABS = {
    "metrics": ".sub-Chart canvas",
    "logs": ".sub-LogLine",
    "files": '[role="tabpanel"]',
    "details": '[role="tabpanel"]',
}
PROJECT_TABS = {
    "about": "form",
    "members": "ul.sub-Rows",
    "secrets": ".sub-Kept li",
    "trash": ".sub-Kept li",
    "activity": ".sub-Activity li",
}


#: The jobs that the cells of a notebook were run as, in their order.
FOOTERS = {"running": '[role="progressbar"]', "failed": ".sub-Reason"}


def escape(page: Page) -> None:
    """Close what lies over the lab."""
    page.keyboard.press("Escape")


def switcher(page: Page) -> None:
    """Show the panel and open the list of projects in it."""
    command("submarine:open-panel")(page)
    button = page.locator(".sub-Switcher-button")
    if button.get_attribute("aria-expanded") == "false":
        button.click()


def overlay(page: Page, lab: StudioLab) -> None:
    """Ask which runs to lay over the curves of a job."""
    command("submarine:open-job", id=lab.jobs["done"], tab="metrics")(page)
    page.locator(".sub-JobView:visible").get_by_role("button", name=OVERLAY).click()


def once(name: str, root: str) -> Callable[[Page], object]:
    """Run a command that opens another view each time, the first time; then show that one."""
    script = """([name, root]) => {
      const { shell, commands } = window.jupyterapp;
      const open = [...shell.widgets('main')].find(widget => widget.node.querySelector(root));
      return void (open ? shell.activateById(open.id) : commands.execute(name));
    }"""
    return lambda page: page.evaluate(script, [name, root])


def merge(page: Page, lab: StudioLab) -> None:
    """Show the merge, after Dana and Bob have both changed a notebook where there is none yet."""
    if page.locator(".sub-Merge").count() == 0:
        command("docmanager:open", path=f"submarine:{BASIN}/merged.ipynb")(page)
        expect(page.locator(".jp-NotebookPanel:visible .jp-Cell").first).to_be_visible(timeout=SLOW)
        page.wait_for_function("!window.jupyterapp.shell.currentWidget.context.model.readOnly")
        mine, theirs = (secrets.token_hex(4) for _ in range(2))
        script = """source => {
          const { content } = window.jupyterapp.shell.currentWidget;
          content.model.sharedModel.getCell(0).setSource(source);
        }"""
        page.evaluate(script, f"lr = '{mine}'")  # before Bob: what is unchanged follows his save
        write(lab, f"{BASIN}/merged.ipynb", "bob", f"lr = '{theirs}'")
        command("docmanager:save")(page)
        page.get_by_role("dialog").get_by_role("button", name=MERGE).click()
    once("", ".sub-Merge")(page)


def use_width(page: Page, root: Locator, place: str, width: int) -> None:
    """Make a view that wide: the window for what is in the main area, else the panel."""
    if place == "side":
        script = """width => {
          const split = window.jupyterapp.shell._hsplitPanel;
          const whole = split.node.clientWidth;
          split.setRelativeSizes([width, whole - width, 0]);
        }"""
        page.set_viewport_size({"width": 1280, "height": 800})
        page.evaluate(script, width)
    else:
        now = root.bounding_box()
        viewport = page.viewport_size
        assert now is not None
        assert viewport is not None
        around = 0 if place == "dialog" else round(viewport["width"] - now["width"])
        page.set_viewport_size({"width": width + around, "height": 800})
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => setTimeout(done, 0)))")
