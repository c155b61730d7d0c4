import { describe, expect, it } from 'vitest';
import { Recall, type Storage } from '../recall';
import { job, project } from './fakes';

/** A browser's storage in memory. */
function storage(): Storage & { kept: Map<string, string> } {
  const kept = new Map<string, string>();
  return {
    kept,
    get length() {
      return kept.size;
    },
    key: at => [...kept.keys()][at] ?? null,
    getItem: key => kept.get(key) ?? null,
    setItem: (key, value) => void kept.set(key, value),
    removeItem: key => void kept.delete(key)
  };
}

/** The mutant: what one person has kept there, everybody has. */
function everybodys(): Storage {
  const store = storage();
  const cut = (key: string) => key.slice(0, key.lastIndexOf(':'));
  return {
    ...store,
    length: 0,
    getItem: key => store.getItem(cut(key)),
    setItem: (key, value) => store.setItem(cut(key), value)
  };
}

/** What bob is shown of the list that ada saw before him. */
function ofAnother(store: Storage): string[] {
  const recall = new Recall('/', store);
  recall.keep('ada', project('default'), [job(1)]);
  return names(recall, 'bob');
}

const names = (recall: Recall, user: string, project = 'default') =>
  recall.of(user, project).map(({ name }) => name);

describe('the list that was shown last', () => {
  it('is given back to the same person, by project, without what the jobs run', () => {
    const recall = new Recall('/', storage());
    recall.keep('ada', project('default'), [job(1, { spec: { command: ['secret'] } })]);
    recall.keep('ada', project('vision'), [job(2)]);
    expect(names(recall, 'ada')).toEqual(['job 1']);
    expect(names(recall, 'ada', 'vision')).toEqual(['job 2']);
    expect(recall.of('ada', 'default')[0].spec).toEqual({});
    expect(recall.last('ada')?.name).toBe('vision');
    expect(recall.last('bob')).toBeNull();
  });

  it('is never given to another, and gone once another was here', () => {
    const store = storage();
    const recall = new Recall('/', store);
    expect(ofAnother(store)).toEqual([]);
    recall.keep('bob', project('default'), [job(2)]);
    expect([...store.kept.values()].join()).not.toContain('job 1');
    expect(names(recall, 'ada')).toEqual([]);
  });

  it('is found where it would be given to another', () => {
    expect(ofAnother(everybodys())).toEqual(['job 1']);
  });

  it("is each server's own", () => {
    const store = storage();
    new Recall('/user/ada/', store).keep('ada', project('default'), [job(1)]);
    expect(names(new Recall('/', store), 'ada')).toEqual([]);
    new Recall('/', store).keep('bob', project('default'), [job(2)]);
    expect(names(new Recall('/user/ada/', store), 'ada')).toEqual(['job 1']);
  });

  it('is bounded, whatever there is', () => {
    const store = storage();
    const recall = new Recall('/', store);
    const many = Array.from({ length: 10_000 }, (_, number) => job(number));
    for (let number = 0; number < 20; number++) {
      recall.keep('ada', project(`p${number}`), many);
    }
    expect(recall.of('ada', 'p19')).toHaveLength(40);
    expect(recall.of('ada', 'p0')).toHaveLength(0);
  });

  it('is empty where the storage holds anything else, or nothing at all', () => {
    const store = storage();
    const recall = new Recall('/', store);
    for (const odd of ['{', '7', '[["default", [{"id": 5}]]]', '[["default"]]']) {
      store.kept.set('submarine-ext:jobs:/:ada', odd);
      expect(names(recall, 'ada')).toEqual([]);
    }
    expect(names(new Recall('/', null), 'ada')).toEqual([]);
  });
});
