/** Who is in a team that a project is shared with; read when it is unfolded. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { useReading } from '../../components/hooks';
import { Who } from '../../components/people';
import { teamRoleWord } from '../../components/projectwords';
import { Waiting } from '../../components/waiting';
import { Reading } from '../../models/reading';
import type { Session } from '../../models/session';

interface TeamMembersProps {
  session: Session;
  team: string;
  trans: TranslationBundle;
}

/** See the module's comment. */
export function TeamMembers(props: TeamMembersProps): React.ReactElement {
  const { trans } = props;
  const [open, setOpen] = React.useState(false);
  return (
    <details className="sub-TeamMembers" onToggle={event => setOpen(event.currentTarget.open)}>
      <summary>{trans.__('Members')}</summary>
      {open && <Unfolded {...props} />}
    </details>
  );
}

function Unfolded({ session, team, trans }: TeamMembersProps): React.ReactElement {
  const { api } = session;
  const reading = useReading(
    React.useCallback(() => new Reading({ read: () => api.sharing.team(team) }), [api, team])
  );
  return (
    <Waiting reading={reading} loading={trans.__('Loading members…')} trans={trans}>
      {({ members }) =>
        members.length === 0 ? (
          <p>{trans.__('Only members of the team see who is in it.')}</p>
        ) : (
          <ul className="sub-Rows">
            {members.map(({ user, role }) => (
              <li key={user}>
                <Who
                  subject={`user:${user}`}
                  note={role === 'manager' ? teamRoleWord(role, trans) : null}
                  trans={trans}
                />
              </li>
            ))}
          </ul>
        )
      }
    </Waiting>
  );
}
