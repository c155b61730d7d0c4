/**
 * How many jobs of mine run, in the title of the browser's tab, and a mark once one has ended
 * behind one's back. The lab writes the title whenever it likes; ours stands before it.
 */
import type { MyJobs } from './models/myjobs';
import type { Preferences } from './models/preferences';

/** What this file may have put before the lab's title. */
const PREFIX = /^(?:\(\d+\) |✓ )+/;

/** Keep the title while the settings want it. */
export function keepTitle(jobs: MyJobs, preferences: Preferences): void {
  let marked = false;
  const write = () => {
    const count = jobs.running > 0 ? `(${jobs.running}) ` : '';
    const prefix = preferences.documentTitle ? (marked ? '✓ ' : '') + count : '';
    const title = prefix + document.title.replace(PREFIX, '');
    if (title !== document.title) {
      document.title = title;
    }
  };
  jobs.changed.connect(write);
  preferences.changed.connect(write);
  jobs.ended.connect(() => {
    marked = document.hidden;
    write();
  });
  document.addEventListener('visibilitychange', () => {
    marked &&= document.hidden;
    write();
  });
  const title = document.querySelector('title');
  if (title) {
    new MutationObserver(write).observe(title, { childList: true });
  }
}
