/**
 * Names, reasons, metric names and log lines are data. Whatever they hold, no element and no
 * attribute comes of it. Mutant: with `dangerouslySetInnerHTML={{ __html: text }}` in AnsiLine
 * or a row these tests fail.
 */
import { nullTranslator } from '@jupyterlab/translation';
import * as React from 'react';
import { renderToStaticMarkup } from 'react-dom/server';
import { describe, expect, it } from 'vitest';
import { job } from '../../models/__tests__/fakes';
import { DetailsTab } from '../../panels/job/details';
import { JobHeader } from '../../panels/job/header';
import { AnsiLine } from '../ansi';
import { JobRow } from '../jobrow';

const trans = nullTranslator.load('submarine_ext');
const PAYLOADS = [
  '<img src=x onerror=alert(1)>',
  '<script>alert(1)</script>',
  '"><svg onload=alert(1)>',
  "' onmouseover='alert(1)",
  '\u001b[31m<img src=x onerror=alert(1)>\u001b[0m',
  '\u001b]8;;javascript:alert(1)\u0007click\u001b]8;;\u0007',
  '\u001b[38;2;1;2;3;url(x)m<b>'
];
const nothing = () => undefined;
const actions = { open: nothing, stop: nothing, retry: nothing, rerun: nothing };

/** The elements and attributes that came of it, as a browser would see them. */
function parsed(element: React.ReactElement): { tags: string[]; attributes: string[] } {
  const holder = document.createElement('div');
  holder.innerHTML = renderToStaticMarkup(element);
  const all = [...holder.querySelectorAll('*')];
  return {
    tags: all.map(one => one.tagName.toLowerCase()),
    attributes: all.flatMap(one => one.getAttributeNames())
  };
}

function harmless(element: React.ReactElement): void {
  const { tags, attributes } = parsed(element);
  expect(tags).not.toContain('img');
  expect(tags).not.toContain('script');
  expect(tags).not.toContain('b');
  expect(tags).not.toContain('a');
  expect(attributes.filter(name => name.startsWith('on'))).toEqual([]);
}

describe.each(PAYLOADS)('what says %j', text => {
  const hostile = job(1, {
    name: text,
    owner: text,
    state: 'failed',
    reason: text,
    spec: { command: [text], resources: { memory: text } },
    remedy: { command: [text], resources: { memory: `${text}2` } },
    latest: { [text]: 1 },
    versions: { [text]: text }
  });

  it('stays text in a log line', () => {
    harmless(<AnsiLine text={text} />);
  });

  it('stays text in the list', () => {
    harmless(
      <JobRow
        job={hostile}
        now={0}
        current
        selected={false}
        mayStop
        mayRetry
        actions={actions}
        trans={trans}
      />
    );
  });

  it('stays text in the head of a view and its remedy', () => {
    harmless(<JobHeader job={hostile} now={0} mayStop mayRetry actions={actions} trans={trans} />);
  });

  it('stays text among the details', () => {
    harmless(
      <DetailsTab
        job={hostile}
        shown
        params={{ [text]: text }}
        onVersion={nothing}
        onCopy={nothing}
        trans={trans}
      />
    );
  });
});

describe('a log line', () => {
  const markup = (text: string) => renderToStaticMarkup(<AnsiLine text={text} />);

  it('has the colours that the style sheet names', () => {
    expect(markup('\u001b[1;31mred\u001b[0m plain')).toBe(
      '<span class="sub-fg-red sub-ansi-bold">red</span><span class=""> plain</span>'
    );
  });

  it('has the 256 colours and true colours', () => {
    expect(markup('\u001b[38;5;208mx')).toContain('color:rgb(255, 135, 0)');
    expect(markup('\u001b[48;2;1;2;3mx')).toContain('background-color:rgb(1, 2, 3)');
  });

  it('is cut where it is too long to draw', () => {
    expect(markup('x'.repeat(300_000)).length).toBeLessThan(5000);
  });
});
