/** The panel's head: the project, New job, engines. Props only. */
import type { TranslationBundle } from '@jupyterlab/translation';
import { addIcon, ellipsesIcon } from '@jupyterlab/ui-components';
import * as React from 'react';
import type { Engine, Project } from '../../api/types';
import { IconButton } from '../../components/basics';
import { whyNoJobs } from '../../components/projectwords';
import { may } from '../../models/rights';
import type { SideActions } from './body';
import { EngineChip, EngineTrouble } from './engines';
import { Switcher } from './switcher';

export interface HeaderProps {
  projects: readonly Project[];
  current: Project | null;
  user: string;
  engines: readonly Engine[];
  /** Whether the engines are shown as they were before the connection was lost. */
  stale: boolean;
  onSelect: (name: string) => void;
  actions: SideActions;
  trans: TranslationBundle;
}

/** Where one works, the way to a new job, and where it could run. */
export function Header(props: HeaderProps): React.ReactElement {
  const { projects, current, user, engines, stale, onSelect, actions, trans } = props;
  const menu = React.useRef<HTMLSpanElement>(null);
  const hint = React.useId();
  const runs = may(current, 'job:submit');
  // A state is said above the sections.
  const explained = current?.state === 'active' && current.role !== null && !runs;
  return (
    <>
      <div className="sub-Where">
        <Switcher
          projects={projects}
          current={current}
          user={user}
          onSelect={onSelect}
          onNew={actions.newProject}
          trans={trans}
        />
        <span ref={menu}>
          <IconButton
            icon={ellipsesIcon}
            name={trans.__('More about this project')}
            onClick={() => menu.current && actions.openMenu(menu.current)}
          />
        </span>
      </div>
      <div className="sub-Header">
        <button
          type="button"
          className="jp-Button jp-mod-styled jp-mod-accept"
          disabled={!runs}
          title={runs ? undefined : whyNoJobs(current, trans)}
          aria-describedby={explained ? hint : undefined}
          onClick={actions.newJob}
        >
          <addIcon.react tag="span" className="sub-Header-plus" width="14px" />
          {trans.__('New job')}
        </button>
        {engines.map(engine => (
          <EngineChip key={engine.name} engine={engine} stale={stale} trans={trans} />
        ))}
      </div>
      {engines.map(engine => (
        <EngineTrouble key={engine.name} engine={engine} trans={trans} />
      ))}
      {explained && (
        <p id={hint} className="sub-Header-why">
          {whyNoJobs(current, trans)}
        </p>
      )}
    </>
  );
}
