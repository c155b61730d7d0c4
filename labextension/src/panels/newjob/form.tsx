/** What every part of the New job form gets. Props only: the draft comes in, changes go out. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import type { Bundle, Engine, Me } from '../../api/types';
import type { Draft } from '../../models/draft';
import type { Parameter } from '../../models/parameters';
import type { Errors } from './errors';
import { KindFields } from './kinds';
import { FolderFields } from './folder';
import { MoreFields } from './more';
import { RanksFields, ResourceFields } from './resources';

export interface FormProps {
  /** The id of a field's control, by the name that the server uses. */
  id: (field: string) => string;
  draft: Draft;
  onChange: (change: Partial<Draft>) => void;
  declared: readonly Parameter[];
  engines: readonly Engine[];
  me: Me | null;
  /** Names of the project's secrets; null where one may not see them. */
  secrets: readonly string[] | null;
  /** Interpreters that the server's kernels use, each with the kernel's name. */
  interpreters: readonly (readonly [path: string, name: string])[];
  /** What travels, where that is known. */
  packed: Bundle | null;
  errors: Errors;
  onChooseFile: () => void;
  onChooseFolder: () => void;
  trans: TranslationBundle;
}

/** See the module's comment. */
export function JobForm(props: FormProps): React.ReactElement {
  const { draft, engines, trans } = props;
  const engine = engineOf(draft, engines);
  return (
    <>
      <KindFields {...props} />
      <FolderFields {...props} />
      <fieldset>
        <legend>{trans.__('Resources')}</legend>
        <ResourceFields {...props} engine={engine} />
      </fieldset>
      <Section
        title={trans.__('Several ranks')}
        used={isDistributed(draft)}
        hint={trans.__('frameworks, nodes, processes')}
      >
        <RanksFields {...props} engine={engine} />
      </Section>
      <Section
        title={trans.__('More')}
        used={hasMore(draft)}
        hint={trans.__('name, secrets, variables, outputs, retries, timeout, tags')}
      >
        <MoreFields {...props} engine={engine} />
      </Section>
    </>
  );
}

/** The engine that the draft names or means. */
export function engineOf(draft: Draft, engines: readonly Engine[]): Engine | null {
  return engines.find(one => one.name === draft.engine) ?? engines[0] ?? null;
}

/** What most jobs need not; open where something in it is set. */
function Section(props: {
  title: string;
  hint: string;
  used: boolean;
  children: React.ReactNode;
}): React.ReactElement {
  const { title, hint, used, children } = props;
  const [open] = React.useState(used);
  return (
    <details open={open || used || undefined}>
      <summary>
        {title} <span className="sub-Field-hint">{hint}</span>
      </summary>
      {children}
    </details>
  );
}

function isDistributed(draft: Draft): boolean {
  return draft.framework !== 'none' || draft.nodes !== '' || draft.processes !== '';
}

function hasMore(draft: Draft): boolean {
  const { tags, env, secrets, outputs, retries, timeout, priority, workdir } = draft;
  return (
    [tags, env, outputs, retries, timeout, priority, workdir].some(one => one !== '') ||
    secrets.length > 0
  );
}
