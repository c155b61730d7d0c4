import { Signal } from '@lumino/signaling';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { keepTitle } from '../doctitle';
import type { MyJobs } from '../models/myjobs';
import { Preferences } from '../models/preferences';
import { settled } from '../models/__tests__/fakes';

/** The browser's tab, one's own jobs and the setting, all by hand. */
function tab() {
  const jobs = { running: 0 } as {
    running: number;
    changed: Signal<MyJobs, void>;
    ended: Signal<MyJobs, string>;
  };
  const mine = jobs as unknown as MyJobs;
  jobs.changed = new Signal(mine);
  jobs.ended = new Signal(mine);
  const slots: (() => void)[] = [];
  const settings = {
    composite: { documentTitle: true },
    changed: { connect: (slot: () => void) => slots.push(slot) }
  };
  const preferences = new Preferences();
  preferences.follow(settings);
  keepTitle(mine, preferences);
  return {
    run: (running: number) => {
      jobs.running = running;
      jobs.changed.emit();
    },
    end: () => jobs.ended.emit('j1'),
    want: (documentTitle: boolean) => {
      settings.composite = { documentTitle };
      slots.forEach(slot => slot());
    }
  };
}

/** What the lab does when another document is in front. */
function name(title: string): void {
  document.title = title;
}

function look(away: boolean): void {
  Object.defineProperty(document, 'hidden', { value: away, configurable: true });
  document.dispatchEvent(new Event('visibilitychange'));
}

describe("the title of the browser's tab", () => {
  beforeEach(() => {
    document.head.innerHTML = '<title>train.ipynb</title>';
  });
  afterEach(() => look(false));

  it('counts what runs, before whatever the lab calls the page', async () => {
    const { run } = tab();
    run(2);
    expect(document.title).toBe('(2) train.ipynb');
    name('other.ipynb');
    await settled();
    expect(document.title).toBe('(2) other.ipynb');
    run(0);
    expect(document.title).toBe('other.ipynb');
  });

  it('marks an end behind one’s back until one looks', () => {
    const { run, end } = tab();
    run(1);
    look(true);
    expect(document.title).toBe('(1) train.ipynb');
    run(0);
    end();
    expect(document.title).toBe('✓ train.ipynb');
    run(1);
    expect(document.title).toBe('✓ (1) train.ipynb');
    look(false);
    expect(document.title).toBe('(1) train.ipynb');
  });

  it('marks nothing that one sees', () => {
    const { end } = tab();
    end();
    expect(document.title).toBe('train.ipynb');
  });

  it('is the lab’s own again once the setting is off', () => {
    const { run, end, want } = tab();
    run(1);
    look(true);
    end();
    want(false);
    expect(document.title).toBe('train.ipynb');
    want(true);
    expect(document.title).toBe('✓ (1) train.ipynb');
  });
});
