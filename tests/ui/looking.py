"""What is looked for in every view: barriers (axe), what is cut off or covered, and words."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator

REPOSITORY = Path(__file__).parents[2]
AXE = REPOSITORY / "node_modules" / "axe-core" / "axe.min.js"
CATALOGUE = REPOSITORY / "submarine_ext/locale/de_DE/LC_MESSAGES/submarine_ext.json"

#: What a person could not reach or read: wider than its view, beyond its edge, or under another.
CUT_OFF = """root => {
  const found = [];
  const edges = root.getBoundingClientRect();
  const say = (what, node) => found.push(`${what}: ${node.outerHTML.slice(0, 120)}`);
  // What is wide by its nature scrolls by itself, and nothing else does.
  const wide = '.sub-CompareTable, .sub-LogView, pre, .sub-Table';
  for (const node of root.querySelectorAll('*')) {
    if (/auto|scroll/.test(getComputedStyle(node).overflowX) && !node.matches(wide) &&
        node.scrollWidth > node.clientWidth + 1 && node.clientWidth > 0) {
      say(`scrolls sideways by ${node.scrollWidth - node.clientWidth} px`, node);
    }
  }
  if (root.scrollWidth > root.clientWidth + 1) {
    const beyond = [...root.querySelectorAll('*')].filter(node => !node.parentElement.closest(wide)
      && node.getBoundingClientRect().right > edges.right + 1);
    say(`the view is ${root.scrollWidth - root.clientWidth} px too wide`, beyond.at(-1) ?? root);
  }
  for (const node of root.querySelectorAll('button, input, select, textarea, a[href], summary')) {
    const box = node.getBoundingClientRect();
    if (!node.checkVisibility({ opacityProperty: true, visibilityProperty: true }) ||
        box.width === 0 || node.closest(`.sub-Hidden, ${wide}`)) {
      continue;
    }
    if (box.left < edges.left - 1 || box.right > edges.right + 1) {
      say('beyond the edge', node);
    }
    const [x, y] = [box.left + box.width / 2, box.top + box.height / 2];
    const top = document.elementFromPoint(x, y);
    const meant = top && (node.contains(top) || top.contains(node) ||
      [...(node.labels ?? [])].some(label => label.contains(top)));
    if (top && root.contains(top) && !meant) {
      say(`covered by <${top.outerHTML.slice(0, 60)}…`, node);
    }
  }
  return found;
}"""

#: All that is read in a view: text, names and hints.
WORDS = """root => {
  const found = new Set();
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    if (!walker.currentNode.parentElement.closest('pre, code, .sub-LogLine, style, option:empty')) {
      found.add(walker.currentNode.data.trim());
    }
  }
  for (const name of ['aria-label', 'title', 'placeholder', 'alt', 'aria-valuetext']) {
    root.querySelectorAll(`[${name}]`).forEach(node => found.add(node.getAttribute(name).trim()));
  }
  return [...found].filter(Boolean);
}"""


def barriers(root: Locator) -> list[str]:
    """What axe finds within."""
    if not root.page.evaluate("'axe' in window"):
        root.page.add_script_tag(path=AXE)
    found: dict[str, Any] = root.evaluate("root => axe.run(root, { resultTypes: ['violations'] })")
    return [
        f"{violation['id']}: {node['html'][:160]} ({node['failureSummary'].splitlines()[-1]})"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]


def cut_off(root: Locator) -> list[str]:
    """What nobody can reach in a view as wide as it is now."""
    found: list[str] = root.evaluate(CUT_OFF)
    return found


def english(root: Locator) -> list[str]:
    """Our own words that are still in English in a lab that speaks German."""
    found: list[str] = root.evaluate(WORDS)
    return [text for text in found if _is_english(text)]


@cache
def _patterns() -> tuple[set[str], list[re.Pattern[str]]]:
    catalogue = json.loads(CATALOGUE.read_text())
    forms = {key.split("\4")[-1] for key, words in catalogue.items() if key and key not in words}
    exact = {form for form in forms if "%" not in form}
    # With a placeholder only where two words stand beside it: "%1 left" might be anything.
    longer = [form for form in forms - exact if len(re.findall(r"[A-Za-z]{3,}", form)) >= 2]
    return exact, [
        re.compile(re.sub(r"%\d", ".+", re.escape(f).replace("\\%", "%"))) for f in longer
    ]


def _is_english(text: str) -> bool:
    exact, patterns = _patterns()
    german = {words for forms in _translations() for words in forms}
    return text not in german and (
        text in exact or any(pattern.fullmatch(text) for pattern in patterns)
    )


@cache
def _translations() -> list[list[str]]:
    catalogue = json.loads(CATALOGUE.read_text())
    return [words for key, words in catalogue.items() if key]
