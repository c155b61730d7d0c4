/**
 * Names, reasons, metric names and log lines are data. Whatever they hold, no element and no
 * attribute comes of it.
 */
import { nullTranslator } from '@jupyterlab/translation';
import * as React from 'react';
import { renderToStaticMarkup } from 'react-dom/server';
import { describe, expect, it } from 'vitest';
import { job, me, project } from '../../models/__tests__/fakes';
import { DetailsTab } from '../../panels/job/details';
import { JobHeader } from '../../panels/job/header';
import { NotebookPreview } from '../../panels/job/notebookpreview';
import { Switcher } from '../../panels/side/switcher';
import { AnsiLine } from '../ansi';
import { auditSentence } from '../auditwords';
import { JobRow } from '../jobrow';
import { Who } from '../people';
import { UseTable } from '../use';

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
const actions = {
  open: nothing,
  stop: nothing,
  undoStop: nothing,
  retry: nothing,
  rerun: nothing,
  replace: nothing,
  remove: nothing
};

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
    trace: { metric: text, values: [3, 2, 1], every: 1 },
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
        opened={false}
        chosen
        undoable={false}
        onPress={nothing}
        mayStop
        mayRetry
        actions={actions}
        trans={trans}
      />
    );
  });

  it('stays text in the head of a view and its remedy', () => {
    harmless(
      <JobHeader
        job={hostile}
        now={0}
        mayStop
        mayRetry
        mayDelete
        mayUndo
        actions={actions}
        trans={trans}
      />
    );
  });

  it('stays text among the details', () => {
    harmless(
      <DetailsTab
        job={hostile}
        engine={undefined}
        shown
        params={{ [text]: text }}
        readEarlier={async () => []}
        readParams={async () => ({})}
        onVersion={nothing}
        onJob={nothing}
        onCopy={nothing}
        trans={trans}
      />
    );
  });

  it.each(['x', text])('stays text where a log is searched for %j', found => {
    harmless(<AnsiLine text={`x ${text} x`} find={{ text: found, case: false }} />);
  });

  it('stays text in the look into a notebook', () => {
    const outputs = (['text', 'error'] as const).map(kind => ({ kind, type: text, data: text }));
    const cell = { kind: 'code' as const, count: 1, source: text, outputs };
    harmless(<NotebookPreview cells={[cell, { ...cell, kind: 'markdown' }]} trans={trans} />);
  });
});

describe('a component that takes text for markup', () => {
  const Mutant = ({ text }: { text: string }) => <p dangerouslySetInnerHTML={{ __html: text }} />;

  it.each(PAYLOADS.filter(text => /<(img|script|svg)/.test(text)))('is found by %j', text => {
    expect(() => harmless(<Mutant text={text} />)).toThrow();
  });
});

describe('a log line', () => {
  it('has what was searched for marked, also across colours', () => {
    const find = { text: 'LOSS', case: false };
    const line = renderToStaticMarkup(
      <AnsiLine text={'a lo\u001b[31mss\u001b[0m loss'} find={find} />
    );
    expect(line.match(/<mark>[a-z]+<\/mark>/g)).toEqual([
      '<mark>lo</mark>',
      '<mark>ss</mark>',
      '<mark>loss</mark>'
    ]);
    const exact = renderToStaticMarkup(
      <AnsiLine text="a loss" find={{ text: 'LOSS', case: true }} />
    );
    expect(exact).not.toContain('<mark>');
  });

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

describe.each(PAYLOADS)('what people call %j', text => {
  const hostile = project(text, { title: text, description: text, owners: [`user:${text}`] });
  const entry = {
    seq: 1,
    time: '2026-11-22T10:00:00Z',
    project: text,
    actor: text,
    action: 'grant.put',
    object: `user:${text}`,
    before: { [text]: text },
    after: { role: text }
  };

  it('stays text as a person, a team, and what is noted of them', () => {
    harmless(<Who subject={`user:${text}`} note={text} trans={trans} />);
    harmless(<Who subject={`team:${text}`} trans={trans} />);
  });

  it('stays text as a project that one works in', () => {
    harmless(
      <Switcher
        projects={[hostile]}
        current={hostile}
        user={text}
        onSelect={nothing}
        onNew={nothing}
        trans={trans}
      />
    );
  });

  it('stays text in the activity', () => {
    for (const action of ['grant.put', 'project.change', 'break-glass.open', text]) {
      harmless(
        <p>{auditSentence({ ...entry, action, after: { reason: text } }, new Map(), trans)}</p>
      );
    }
  });

  it('stays text as a label of numbers', () => {
    harmless(<UseTable title={text} quota={{ memory: text }} use={me('ada').use} trans={trans} />);
  });
});
