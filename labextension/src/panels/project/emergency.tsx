/** An admin's emergency access: for an hour at most, and the owners are told why. */
import * as React from 'react';
import { TextButton } from '../../components/basics';
import { TextField } from '../../components/fields';
import { useAction } from '../../components/hooks';
import { Trouble } from '../../components/waiting';
import { may } from '../../models/rights';
import type { TabProps } from './body';

const MINUTES = 60;

/** What the server asks for. */
const SHORTEST = 10;

/** Nothing for whoever is no admin, or owns the project anyway. */
export function Emergency({ session, project, trans }: TabProps): React.ReactElement | null {
  const id = React.useId();
  const [reason, setReason] = React.useState('');
  const { busy, problem, run } = useAction();
  const { sharing } = session.api;
  if (project.role === 'owner' || !may(project, 'break-glass:open')) {
    return null;
  }
  // Without a role, files are read by an admin through emergency access only.
  const open = project.role === null && may(project, 'job:spec');
  const enter = () => sharing.breakGlass(project.name, reason, MINUTES);
  return (
    <section>
      <h2>{trans.__('Emergency access')}</h2>
      {open ? (
        <div className="sub-Controls">
          {trans.__('You have emergency access. Its owners know.')}
          <TextButton
            disabled={busy}
            onClick={() => void run(() => sharing.mendGlass(project.name))}
          >
            {trans.__('Give it back')}
          </TextButton>
        </div>
      ) : (
        <form
          className="sub-Form"
          onSubmit={event => {
            event.preventDefault();
            void run(enter);
          }}
        >
          <TextField
            id={`${id}-reason`}
            label={trans.__('Reason')}
            hint={trans.__('You enter for an hour at most. The owners are told the reason.')}
            value={reason}
            onChange={setReason}
          />
          <div>
            <button
              type="submit"
              className="jp-Button jp-mod-styled jp-mod-warn sub-TextButton"
              disabled={busy || reason.trim().length < SHORTEST}
            >
              {trans.__('Enter in an emergency')}
            </button>
          </div>
        </form>
      )}
      <Trouble problem={problem} />
    </section>
  );
}
