/**
 * Where views stand: in the lab's main area. Notebook 7 has room for one widget there, which is
 * the notebook or the list of files; views are tabs below it then.
 */
import type { JupyterFrontEnd } from '@jupyterlab/application';
import { SplitPanel, TabPanel, type Widget } from '@lumino/widgets';

type Shell = JupyterFrontEnd.IShell;

/** Pixels in which nobody can read. */
const LOW = 160;

/** The area for views. Only the lab's shell lays out several widgets, in one mode or another. */
export function areaOf(shell: Shell): 'main' | 'down' {
  return 'mode' in shell ? 'main' : 'down';
}

/** Put a view where views stand. */
export function placeView(shell: Shell, widget: Widget): void {
  shell.add(widget, areaOf(shell));
}

/** Bring a view to the front. */
export function bringView(shell: Shell, widget: Widget): void {
  shell.activateById(widget.id);
  const tabs = widget.parent?.parent;
  if (areaOf(shell) === 'down' && tabs instanceof TabPanel) {
    tabs.currentWidget = widget;
    // What was just shown has its height with the next layout.
    window.requestAnimationFrame(() => makeRoom(tabs));
  }
}

/** Notebook 7 opens the area as low as it can: half of the page is better to read. */
function makeRoom(tabs: TabPanel): void {
  const split = tabs.parent;
  if (split instanceof SplitPanel && tabs.node.clientHeight < LOW) {
    split.setRelativeSizes(split.widgets.map(() => 1));
  }
}
