/** Where a job says why, and what can be done about it. */
import { nullTranslator } from '@jupyterlab/translation';
import * as React from 'react';
import { renderToStaticMarkup } from 'react-dom/server';
import { describe, expect, it } from 'vitest';
import type { Job } from '../../api/types';
import { job } from '../../models/__tests__/fakes';
import { JobHeader } from '../../panels/job/header';
import { JobRow } from '../jobrow';

const trans = nullTranslator.load('submarine_ext');
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
const can = {
  mayStop: true,
  mayRetry: true,
  mayDelete: true,
  mayUndo: false,
  now: 0,
  actions,
  trans
};
const there = { current: true, opened: false, chosen: false, undoable: false, onPress: nothing };

function row(part: Partial<Job>): string {
  return renderToStaticMarkup(<JobRow job={job(1, part)} {...there} {...can} />);
}

function head(part: Partial<Job>): string {
  return renderToStaticMarkup(<JobHeader job={job(1, part)} {...can} />);
}

describe("a job's row", () => {
  it.each(['queued', 'running', 'failed', 'lost'] as const)('says why it is so: %s', state => {
    expect(row({ state, reason: 'Paused.' })).toContain('Paused.');
  });

  it('has nothing to explain after success', () => {
    expect(row({ state: 'succeeded', reason: 'Paused.' })).not.toContain('Paused.');
  });
});

describe("a job's head", () => {
  const spec = { command: ['true'], resources: { cpu: 9 } };
  const remedy = { command: ['true'], resources: { cpu: 2 } };

  it('offers what would run to a job that waits', () => {
    expect(head({ state: 'queued', spec, remedy })).toContain('Run with cpu 2 instead');
  });

  it('does not offer it any more once the job is being stopped', () => {
    expect(head({ state: 'queued', spec, remedy, target: 'stop' })).not.toContain('instead');
  });

  it('offers it again when it has ended', () => {
    expect(head({ state: 'cancelled', spec, remedy })).toContain('Rerun with cpu 2');
  });
});
