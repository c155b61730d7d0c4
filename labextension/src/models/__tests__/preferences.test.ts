import { describe, expect, it } from 'vitest';
import { Preferences } from '../preferences';

/** Settings that a test changes as a person would. */
function editor(composite: { [name: string]: unknown }) {
  let slot = () => undefined as void;
  const settings = { composite, changed: { connect: (given: () => void) => (slot = given) } };
  const choose = (chosen: { [name: string]: unknown }) => {
    settings.composite = chosen;
    slot();
  };
  return { settings, choose };
}

describe('what is chosen in the settings', () => {
  it('is as by default until they are there', () => {
    const preferences = new Preferences();
    expect([preferences.statusBar, preferences.documentTitle]).toEqual([true, false]);
    expect(preferences.tells('failed')).toBe(true);
  });

  it('counts from the moment at which it is chosen', () => {
    const preferences = new Preferences();
    const { settings, choose } = editor({ statusBar: false });
    let changes = 0;
    preferences.changed.connect(() => changes++);
    preferences.follow(settings);
    expect([preferences.statusBar, changes]).toEqual([false, 1]);
    choose({ statusBar: true, notificationsFor: { succeeded: false } });
    expect([preferences.statusBar, changes]).toEqual([true, 2]);
    expect([preferences.tells('succeeded'), preferences.tells('failed')]).toEqual([false, true]);
    choose({ notifications: false });
    expect(preferences.tells('failed')).toBe(false);
  });
});
