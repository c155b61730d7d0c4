import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Problem } from '../../api/problem';
import type { Bundle, Finding, Job, JobSpec, Preflight } from '../../api/types';
import type { Draft } from '../draft';
import { Drafts, type Store } from '../drafts';
import { patched } from '../mergepatch';
import { NewJobModel, type Desk } from '../newjob';
import { settled } from './fakes';

const PACKED: Bundle = {
  sha256: 'b'.repeat(64),
  files: 1,
  size: 1,
  warnings: [],
  unpacked: 1,
  left_out: 0,
  ignored: []
};
const FINE: Preflight = { engine: 'local', findings: [] };
const found = (part: Partial<Finding>): Finding => ({
  text: 'Something.',
  field: null,
  fatal: false,
  names: [],
  fixes: [],
  ...part
});

/** The server and the lab's files as the form asks them; everything asked is noted. */
class FakeDesk implements Desk {
  readonly packs: [string, string | null][] = [];
  readonly looks: JobSpec[] = [];
  readonly sends: [string, JobSpec, string][] = [];
  answer: () => Promise<Preflight> = async () => FINE;
  refusal: Error | null = null;

  pack = async (folder: string, project: string | null) => {
    this.packs.push([folder, project]);
    return PACKED;
  };
  preflight = async (_: string, spec: JobSpec) => {
    this.looks.push(spec);
    return this.answer();
  };
  submit = async (project: string, spec: JobSpec, key: string) => {
    this.sends.push([project, spec, key]);
    if (this.refusal) {
      throw this.refusal;
    }
    return { id: 'job1' } as Job;
  };
  parameters = async () => [];
  project = () => 'default';
}

let desk: FakeDesk;
let model: NewJobModel;

function begin(draft: Partial<Draft>): NewJobModel {
  model = new NewJobModel(desk, draft);
  return model;
}

/** The text view is loaded on first use. */
async function open(view: 'json' | 'yaml'): Promise<void> {
  await import('../spectext');
  await model.setView(view);
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  desk = new FakeDesk();
});
afterEach(() => {
  model?.dispose();
  vi.useRealTimers();
});

describe('sending', () => {
  it('packs the folder as it is now, and sends the job to its project', async () => {
    begin({ kind: 'script', file: 'code/a.py', folder: 'code', project: 'vision' });
    await model.look();
    expect(await model.submit()).toEqual({ id: 'job1' });
    expect(desk.packs).toEqual([
      ['code', 'vision'],
      ['code', 'vision']
    ]);
    expect(desk.sends[0].slice(0, 2)).toEqual([
      'vision',
      { script: 'a.py', bundle: PACKED.sha256 }
    ]);
  });

  it('repeats the same request with the same key, and another one with another', async () => {
    begin({ command: 'true' });
    desk.refusal = new Problem('Away.', 0, 'unreachable');
    await model.submit();
    await model.submit();
    model.change({ command: 'false' });
    await model.submit();
    const keys = desk.sends.map(([, , key]) => key);
    expect(keys[0]).toBe(keys[1]);
    expect(keys[2]).not.toBe(keys[1]);
  });

  it('is refused by what is not understood, before anybody is asked', async () => {
    begin({ command: '' });
    expect(await model.submit()).toBeNull();
    expect(model.wrong).toEqual({
      kind: 'mistakes',
      mistakes: [{ field: 'command', kind: 'empty' }]
    });
    expect(desk.sends).toEqual([]);
  });

  it('shows what the server refuses, and asks for ways out', async () => {
    begin({ command: 'true' });
    desk.refusal = new Problem('Too much.', 400, 'invalid', 'resources.cpu');
    expect(await model.submit()).toBeNull();
    await settled();
    expect(model.wrong).toMatchObject({ kind: 'problem' });
    expect(desk.looks).toHaveLength(1);
  });
});

describe('the check', () => {
  it('looks by itself once the draft has rested, and packs a folder once', async () => {
    begin({ kind: 'script', file: 'code/a.py', folder: 'code' });
    model.change({ name: 'a' });
    model.change({ name: 'ab' });
    await vi.runAllTimersAsync();
    model.change({ name: 'abc' });
    await vi.runAllTimersAsync();
    expect(desk.looks.map(({ name }) => name)).toEqual(['ab', 'abc']);
    expect(desk.packs).toHaveLength(1);
    expect(model.packed).toBe(PACKED);
    model.change({ folder: '' });
    expect(model.packed).toBeNull();
  });

  it('stays quiet about a draft that is not finished', async () => {
    begin({ command: '' });
    await vi.runAllTimersAsync();
    expect([desk.looks, model.wrong, model.check]).toEqual([[], null, 'none']);
  });

  it('waits until it is known where jobs go', async () => {
    let project = '';
    desk.project = () => project;
    begin({ command: 'true' });
    await vi.runAllTimersAsync();
    expect(desk.looks).toEqual([]);
    project = 'default';
    model.wake();
    await vi.runAllTimersAsync();
    expect(desk.looks).toHaveLength(1);
  });

  it('is old after a change, and an answer that comes too late is dropped', async () => {
    begin({ command: 'true' });
    let answer: (known: Preflight) => void = () => undefined;
    desk.answer = () => new Promise(resolve => (answer = resolve));
    const looking = model.look();
    await settled();
    model.change({ command: 'false' });
    answer({ engine: 'local', findings: [found({})] });
    await looking;
    expect([model.check, model.findings]).toEqual(['stale', []]);
  });

  it('tells a refusal as a finding at its field', async () => {
    begin({ command: 'true' });
    desk.answer = async () => {
      throw new Problem('No such engine.', 400, 'invalid', 'engine');
    };
    await model.look();
    expect(model.findings).toEqual([
      found({ text: 'No such engine.', field: 'engine', fatal: true })
    ]);
  });
});

describe('a way out', () => {
  it('changes the spec and looks again', async () => {
    begin({ command: 'true', cpu: '64', memory: '1Gi', queue: 'q' });
    const spec = { resources: { cpu: 2 }, queue: null };
    model.apply({ label: '', spec, folder: null });
    expect(model.draft).toMatchObject({ cpu: '2', memory: '1Gi', queue: '', command: 'true' });
    await settled();
    expect(desk.looks.pop()).toEqual({ command: ['true'], resources: { cpu: 2, memory: '1Gi' } });
  });

  it('takes the folder above', async () => {
    begin({ kind: 'script', file: 'a/b/c.py', folder: 'a/b' });
    model.apply({ label: '', spec: {}, folder: '..' });
    await settled();
    expect(desk.looks.pop()).toMatchObject({ script: 'b/c.py' });
  });

  it('puts the cells before the code that define what it lacks', async () => {
    begin({ kind: 'code', code: 'print(np.ones(n))', above: ['import numpy as np', 'n = 3', 'z'] });
    const finding = found({ field: 'code', names: ['np', 'n'] });
    const cells = model.definitions(finding);
    model.prepend(cells);
    expect(model.draft.code).toBe('import numpy as np\n\nn = 3\n\nprint(np.ones(n))');
  });

  it('shows in the text, too', async () => {
    begin({ command: 'true', cpu: '64' });
    await open('json');
    model.apply({ label: '', spec: { resources: { cpu: 2 } }, folder: null });
    expect(JSON.parse(model.text)).toEqual({ command: ['true'], resources: { cpu: 2 } });
  });
});

describe('the text', () => {
  it('and the form are one job', async () => {
    begin({ command: 'make all', name: 'a' });
    await open('yaml');
    expect(model.text).toBe('command:\n  - make\n  - all\nname: a\n');
    model.setText(`${model.text}retries: 2\n`);
    await model.setView('form');
    expect(model.draft).toMatchObject({ command: 'make all', name: 'a', retries: '2' });
    model.change({ retries: '3' });
    await open('json');
    expect(JSON.parse(model.text)).toEqual({ command: ['make', 'all'], name: 'a', retries: 3 });
  });

  it('with a fault stays in view: nothing that was typed gets lost', async () => {
    begin({ command: 'true' });
    await open('json');
    model.setText('{"command": ["true"], ');
    await model.setView('form');
    expect([model.view, model.text]).toEqual(['json', '{"command": ["true"], ']);
    expect(model.draft.command).toBe('true');
    model.discardText();
    await model.setView('form');
    expect(model.view).toBe('form');
  });

  it('is as it was typed when one comes back, unless the job was changed', async () => {
    begin({ command: 'true' });
    await open('yaml');
    const typed = '# why\ncommand: ["true"]\n';
    model.setText(typed);
    await model.setView('form');
    await open('yaml');
    expect(model.text).toBe(typed);
    await model.setView('form');
    model.change({ name: 'b' });
    await open('yaml');
    expect(model.text).toBe('command:\n  - "true"\nname: b\n');
  });

  it('is kept over a reload with everything in it', async () => {
    begin({ command: 'true' });
    await open('yaml');
    model.setText('command: [x\n');
    const again = new NewJobModel(desk, {}, JSON.parse(JSON.stringify(model.kept)));
    await import('../spectext');
    await settled();
    expect([again.view, again.text, again.faults.length]).toEqual(['yaml', 'command: [x\n', 1]);
    again.dispose();
  });
});

describe('drafts', () => {
  const store = (content: unknown): Store & { saved: unknown } => ({
    saved: null,
    fetch: async () => content,
    async save(_, value) {
      this.saved = value;
    }
  });

  it('are kept with the newest first, and come back', async () => {
    const place = store(undefined);
    const drafts = new Drafts(place, () => 7);
    begin({});
    drafts.keep('a', model.kept);
    drafts.keep('b', { ...model.kept, text: 'x' });
    drafts.keep('a', { ...model.kept, view: 'yaml' });
    await settled();
    const again = new Drafts(store(place.saved));
    await again.ready;
    expect(again.items.map(({ key, view, text, when }) => [key, view, text, when])).toEqual([
      ['a', 'yaml', '', 7],
      ['b', 'form', 'x', 7]
    ]);
    again.drop('a');
    expect(again.get('a')).toBeNull();
  });

  it('of another version lose only what is not understood', async () => {
    const drafts = new Drafts(
      store([null, { key: 'a', draft: { name: 'n', secrets: 'no', gone: 1, cpu: 3 } }, 'x'])
    );
    await drafts.ready;
    expect(drafts.items).toHaveLength(1);
    expect(drafts.get('a')?.draft).toMatchObject({ name: 'n', secrets: [], cpu: '' });
  });
});

it('merges as RFC 7396 says', () => {
  expect(patched({ a: 1, b: { c: 2, d: 3 } }, { a: null, b: { c: null, e: 4 } })).toEqual({
    b: { d: 3, e: 4 }
  });
});
