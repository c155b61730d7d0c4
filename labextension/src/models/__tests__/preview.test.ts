import { describe, expect, it } from 'vitest';
import { cellsOf, imageType, kindOf, rowsOf, textOf } from '../preview';

const bytes = (...numbers: number[]) => new Uint8Array(numbers);

describe('what a file is', () => {
  it.each([
    ['a/plot.PNG', 'image'],
    ['x.svg', 'image'],
    ['table.csv', 'table'],
    ['run.ipynb', 'notebook'],
    ['metrics.json', 'json'],
    ['page.html', 'text'],
    ['README', 'text']
  ])('%s is shown as %s', (path, kind) => {
    expect(kindOf(path)).toBe(kind);
  });

  it('is drawn as the type of its ending, whatever is in it', () => {
    expect(imageType('a.jpg')).toBe('image/jpeg');
    expect(imageType('a.html')).toBe('image/png');
  });

  it('is no text where its bytes are none', () => {
    expect(textOf(new TextEncoder().encode('naïve\n'))).toBe('naïve\n');
    expect(textOf(bytes(1, 0, 2))).toBeNull();
    expect(textOf(new Uint8Array(100).fill(0xff))).toBeNull();
  });
});

describe('a table', () => {
  it('has quoted fields, empty ones and any line end', () => {
    const text = 'a,"b, ""c""",\r\n1,,"two\nlines"\n';
    expect(rowsOf('t.csv', text, 10, false)).toEqual([
      ['a', 'b, "c"', ''],
      ['1', '', 'two\nlines']
    ]);
    expect(rowsOf('t.tsv', 'a\tb,c\n', 10, false)).toEqual([['a', 'b,c']]);
  });

  it('leaves out a row that is cut, and what is too much', () => {
    expect(rowsOf('t.csv', 'a,b\n1,2\n3', 10, true)).toEqual([
      ['a', 'b'],
      ['1', '2']
    ]);
    expect(rowsOf('t.csv', 'a\nb\nc\n', 2, false)).toEqual([['a'], ['b']]);
    expect(rowsOf('t.csv', '', 2, false)).toEqual([]);
    expect(rowsOf('t.csv', '"never closed', 2, false)).toEqual([['never closed']]);
  });
});

describe('a notebook', () => {
  it('shows source and the plainest form of its outputs', () => {
    const notebook = {
      cells: [
        { cell_type: 'markdown', source: ['# A\n', 'b'] },
        {
          cell_type: 'code',
          execution_count: 3,
          source: 'plot()',
          outputs: [
            { output_type: 'stream', text: ['1\n', '2\n'] },
            { output_type: 'display_data', data: { 'text/html': '<b>', 'text/plain': 'b' } },
            { output_type: 'display_data', data: { 'image/png': 'iVB\nOR', 'text/plain': 'x' } },
            { output_type: 'display_data', data: { 'image/svg+xml': '<svg/>' } },
            { output_type: 'error', ename: 'E', evalue: 'no', traceback: [] }
          ]
        }
      ]
    };
    const [markdown, code] = cellsOf(JSON.stringify(notebook)) ?? [];
    expect(markdown).toEqual({ kind: 'markdown', count: null, source: '# A\nb', outputs: [] });
    expect(code.outputs.map(({ kind, data }) => [kind, data])).toEqual([
      ['text', '1\n2\n'],
      ['text', 'b'],
      ['image', 'iVBOR'],
      ['error', 'E: no']
    ]);
  });

  it.each(['{', '7', 'null', '{"cells": 7}'])('is none: %s', text => {
    expect(cellsOf(text)).toBeNull();
  });

  it('may be made of anything', () => {
    const odd = { cells: [null, 7, { outputs: [{ data: 7 }, null], source: 7 }] };
    expect(cellsOf(JSON.stringify(odd))).toEqual([
      { kind: 'code', count: null, source: '', outputs: [] }
    ]);
  });
});
