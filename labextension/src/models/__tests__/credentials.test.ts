import { describe, expect, it } from 'vitest';
import { findCredentials, newFindings } from '../credentials';

/** Put together here, so that no file of the repository holds what looks like one. */
const KEY = ['AKIA', 'Z7Q2MB4XW9RT3KLP'].join('');

const notebook = (...sources: (string | string[])[]) => ({
  cells: sources.map(source => ({ cell_type: 'code', source }))
});

describe('what looks like a credential', () => {
  it('is told by its rule and cell, never by what it is', () => {
    const [found, ...others] = findCredentials(notebook('x = 1', ['a = 1\n', `key = '${KEY}'`]));
    expect(others).toEqual([]);
    expect(found).toMatchObject({ rule: 'aws-access-key', cell: 2 });
    expect(JSON.stringify(found)).not.toContain(KEY);
  });

  it('is found in a text file, too', () => {
    expect(findCredentials(`key: ${KEY}`)).toMatchObject([{ rule: 'aws-access-key', cell: null }]);
  });

  it('is asked about once: not again, and not where it was there before', () => {
    const content = notebook(`key = '${KEY}'`);
    const [finding] = newFindings(content, null, new Set());
    expect(newFindings(content, null, new Set([finding.print]))).toEqual([]);
    expect(newFindings(notebook('moved', `key = '${KEY}'`), content, new Set())).toEqual([]);
  });
});
