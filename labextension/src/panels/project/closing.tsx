/** How a project ends: archived, in the trash, deleted for good, and back again. */
import * as React from 'react';
import { TextButton } from '../../components/basics';
import { TextField } from '../../components/fields';
import { useAction } from '../../components/hooks';
import { Trouble } from '../../components/waiting';
import { may } from '../../models/rights';
import type { TabProps } from './body';

/** Nothing where one may do none of it. */
export function Closing(props: TabProps): React.ReactElement | null {
  const { session, project, trans } = props;
  const { busy, problem, run } = useAction();
  const [asked, setAsked] = React.useState(false);
  const { sharing } = session.api;
  const { name, state } = project;
  const become = (wanted: 'active' | 'archived') =>
    void run(async () => session.projects.put(await sharing.change(name, { state: wanted })));
  const writes = may(project, 'project:write');
  const closes = may(project, 'project:close') && !project.personal;
  if (!writes && !closes) {
    return null;
  }
  return (
    <section>
      <h2>{trans.__('Close')}</h2>
      <div className="sub-Controls">
        {writes && state === 'active' && (
          <TextButton disabled={busy} onClick={() => become('archived')}>
            {trans.__('Archive')}
          </TextButton>
        )}
        {writes && (state === 'archived' || state === 'trashed') && (
          <TextButton disabled={busy} onClick={() => become('active')}>
            {state === 'archived' ? trans.__('Make active again') : trans.__('Restore')}
          </TextButton>
        )}
        {closes && state !== 'trashed' && (
          <TextButton disabled={busy} onClick={() => void run(() => sharing.delete(name))}>
            {trans.__('Move to the trash')}
          </TextButton>
        )}
        {may(project, 'project:purge') && state === 'trashed' && !asked && (
          <TextButton disabled={busy} onClick={() => setAsked(true)}>
            {trans.__('Delete for good…')}
          </TextButton>
        )}
      </div>
      {project.personal && <p>{trans.__('A personal project can not be deleted.')}</p>}
      {asked && state === 'trashed' && (
        <Purge
          {...props}
          busy={busy}
          onPurge={() => void run(() => sharing.delete(name, true))}
          onCancel={() => setAsked(false)}
        />
      )}
      <Trouble problem={problem} />
    </section>
  );
}

/** What can't be undone is confirmed with the project's name. */
function Purge(
  props: TabProps & { busy: boolean; onPurge: () => void; onCancel: () => void }
): React.ReactElement {
  const { project, busy, onPurge, onCancel, trans } = props;
  const id = React.useId();
  const [text, setText] = React.useState('');
  return (
    <form
      className="sub-Form"
      onSubmit={event => {
        event.preventDefault();
        onPurge();
      }}
    >
      <TextField
        id={`${id}-name`}
        label={trans.__('Write %1 to delete its files, history and jobs for good', project.name)}
        value={text}
        onChange={setText}
      />
      <div className="sub-Controls">
        <button
          type="submit"
          className="jp-Button jp-mod-styled jp-mod-warn sub-TextButton"
          disabled={busy || text !== project.name}
        >
          {trans.__('Delete for good')}
        </button>
        <TextButton onClick={onCancel}>{trans.__('Cancel')}</TextButton>
      </div>
    </form>
  );
}
