/** The panel's head: the project, New job, engines, connection. Props only. */
import type { TranslationBundle } from '@jupyterlab/translation';
import { addIcon, ellipsesIcon } from '@jupyterlab/ui-components';
import * as React from 'react';
import type { Engine, Project } from '../../api/types';
import { IconButton, TextButton } from '../../components/basics';
import { whyNoJobs } from '../../components/projectwords';
import { exactTime, load } from '../../components/words';
import type { ConnectionState } from '../../models/connection';
import { may } from '../../models/rights';
import type { SideActions } from './body';
import { Switcher } from './switcher';

export interface HeaderProps {
  projects: readonly Project[];
  current: Project | null;
  user: string;
  engines: readonly Engine[];
  onSelect: (name: string) => void;
  actions: SideActions;
  trans: TranslationBundle;
}

/** Where one works, the way to a new job, and where it could run. */
export function Header(props: HeaderProps): React.ReactElement {
  const { projects, current, user, engines, onSelect, actions, trans } = props;
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
          <EngineChip key={engine.name} engine={engine} trans={trans} />
        ))}
      </div>
      {engines
        .filter(({ healthy, reason }) => !healthy && reason)
        .map(({ name, title, reason, since }) => (
          <p
            key={name}
            className="sub-Header-why sub-mod-unhealthy"
            role="status"
            title={since ? exactTime(since) : undefined}
          >
            <strong>{title}:</strong> {reason}
          </p>
        ))}
      {explained && (
        <p id={hint} className="sub-Header-why">
          {whyNoJobs(current, trans)}
        </p>
      )}
    </>
  );
}

function EngineChip(props: { engine: Engine; trans: TranslationBundle }): React.ReactElement {
  const { engine, trans } = props;
  const words = engine.healthy ? load(engine, trans) : trans.__('unavailable');
  const queue = engine.queue > 0 ? trans._n('%1 waits', '%1 wait', engine.queue) : null;
  return (
    <span
      className={`sub-Chip${engine.healthy ? '' : ' sub-mod-unhealthy'}`}
      title={engine.reason ?? undefined}
    >
      {engine.title} <strong>{words}</strong>
      {queue && ` · ${queue}`}
    </span>
  );
}

/** Says what is wrong with the connection; nothing while it is well. */
export function ConnectionBanner(props: {
  state: ConnectionState;
  onRetry: () => void;
  trans: TranslationBundle;
}): React.ReactElement | null {
  const { state, onRetry, trans } = props;
  if (state !== 'offline' && state !== 'forbidden') {
    return null;
  }
  return (
    <div className={`sub-Banner sub-mod-${state}`} role="status">
      <span>
        {state === 'offline'
          ? trans.__('Reconnecting… What you see may be out of date.')
          : trans.__('The server does not let you watch jobs. Sign in again.')}
      </span>
      <TextButton onClick={onRetry}>{trans.__('Try now')}</TextButton>
    </div>
  );
}
