/** What is remembered over a reload: the project, and the panel's filter, section and job. */
import type { IStateDB } from '@jupyterlab/statedb';
import { STATES, type JobState } from '../../api/types';
import { NO_FILTER, filters, type JobsFilter } from '../../models/filter';
import type { JobsModel } from '../../models/jobs';
import type { Session } from '../../models/session';
import type { Views } from '../../views';
import type { SidePanel } from '.';

const KEY = 'submarine-ext:panel';
const PROJECT_KEY = 'submarine-ext:project';

/** Go on in the project that one worked in. */
export function rememberProject(session: Session, state: IStateDB | null): void {
  const restore = async () => {
    const name = await state?.fetch(PROJECT_KEY);
    if (typeof name === 'string') {
      session.projects.restore(name);
    }
    session.projects.currentChanged.connect(
      (_, current) => void (current && state?.save(PROJECT_KEY, current)),
      session
    );
  };
  restore().catch(error => console.warn('The last project is not known:', error));
}

export interface MemoryOptions {
  panel: SidePanel;
  jobs: JobsModel;
  views: Views;
  state: IStateDB | null;
}

/** See the module's comment. */
export function rememberPanel(options: MemoryOptions): void {
  const { panel, jobs, views, state } = options;
  let saved = '';
  const save = () => {
    const { section, selected } = panel;
    const value = { filter: { ...jobs.filter }, section, selected };
    const text = JSON.stringify(value);
    if (text !== saved) {
      saved = text;
      void state?.save(KEY, JSON.parse(text) as typeof value & { [key: string]: never });
    }
  };
  const follow = () => {
    panel.selected = views.jobs.currentWidget?.content.jobId ?? panel.selected;
    save();
  };
  const restore = async () => {
    const value = (await state?.fetch(KEY)) as { [key: string]: unknown } | undefined;
    const filter = filterOf(value?.filter);
    if (filters(filter)) {
      jobs.setFilter(filter);
    }
    panel.section = typeof value?.section === 'string' ? value.section : panel.section;
    panel.selected ??= typeof value?.selected === 'string' ? value.selected : null;
    jobs.changed.connect(save, panel);
    panel.sectionChanged.connect(save, panel);
    views.jobs.currentChanged.connect(follow, panel);
  };
  restore().catch(error => console.warn('The jobs panel starts afresh:', error));
}

/** A filter from what was stored, whatever that is. */
export function filterOf(value: unknown): JobsFilter {
  const { states, owner, text } = (value ?? {}) as { [name in keyof JobsFilter]?: unknown };
  return {
    states: Array.isArray(states)
      ? states.filter((one): one is JobState => STATES.includes(one as JobState))
      : NO_FILTER.states,
    owner: typeof owner === 'string' ? owner : NO_FILTER.owner,
    text: typeof text === 'string' ? text : NO_FILTER.text
  };
}
