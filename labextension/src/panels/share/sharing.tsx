/**
 * Who is what in a project, and how that is changed: the body of the Share dialog and of the
 * project view's Members tab.
 */
import type { TranslationBundle } from '@jupyterlab/translation';
import { closeIcon } from '@jupyterlab/ui-components';
import * as React from 'react';
import type { Grant, Project, Role } from '../../api/types';
import { IconButton, TextButton } from '../../components/basics';
import { useAction, useReading, useSignal } from '../../components/hooks';
import { RoleSelect, Who } from '../../components/people';
import { roleSentence, roleWord, subjectOf } from '../../components/projectwords';
import { Trouble, Waiting } from '../../components/waiting';
import { exactTime } from '../../components/words';
import type { Candidate } from '../../models/candidates';
import { membersOf } from '../../models/members';
import { may } from '../../models/rights';
import type { Session } from '../../models/session';
import { Finder } from './finder';
import { TeamDrop, TeamMembers } from './team';
import { VisibilityChoice } from './visibility';

export interface SharingProps {
  session: Session;
  /** The project's name. */
  name: string;
  trans: TranslationBundle;
}

interface PartProps extends SharingProps {
  project: Project;
  act: (action: () => Promise<unknown>) => Promise<boolean>;
  busy: boolean;
}

/** See the module's comment. */
export function Sharing(props: SharingProps): React.ReactElement {
  const { session, name, trans } = props;
  const { projects } = session;
  useSignal(projects.changed);
  const { busy, problem, run } = useAction();
  const grants = useReading(React.useCallback(() => membersOf(session, name), [session, name]));
  const project = projects.get(name);
  if (!project) {
    return <p>{trans.__('You can not see this project any more.')}</p>;
  }
  const act = async (action: () => Promise<unknown>) => {
    const done = await run(action);
    await grants.refresh();
    return done;
  };
  const part = { ...props, project, act, busy };
  return (
    <div className="sub-Sharing">
      {(may(project, 'grant:write') || may(project, 'owner:write')) && (
        <Adding {...part} grants={grants.value ?? []} />
      )}
      <Trouble problem={problem} />
      <Waiting reading={grants} loading={trans.__('Loading members…')} trans={trans}>
        {items => (
          <ul className="sub-Rows" aria-label={trans.__('Members')}>
            {items.map(grant => (
              <Row key={`${grant.subject} ${grant.role}`} {...part} grant={grant} />
            ))}
          </ul>
        )}
      </Waiting>
      <VisibilityChoice {...part} />
      {may(project, 'project:leave') && !project.personal && <Leaving {...part} />}
    </div>
  );
}

/** Whom to add, and as what; an admin can only name an owner where there is none. */
function Adding(props: PartProps & { grants: readonly Grant[] }): React.ReactElement {
  const { session, name, project, grants, act, busy, trans } = props;
  const [candidate, setCandidate] = React.useState<Candidate | null>(null);
  const [role, setRole] = React.useState<Role>(may(project, 'grant:write') ? 'editor' : 'owner');
  const [round, setRound] = React.useState(0);
  const add = async () => {
    const subject = candidate?.subject;
    if (subject && (await act(() => session.api.sharing.grant(name, subject, role)))) {
      setCandidate(null);
      setRound(round + 1); // a fresh one, which takes the focus back from the button
    }
  };
  return (
    <div>
      <form
        className="sub-Adding"
        onSubmit={event => {
          event.preventDefault();
          void add();
        }}
      >
        <Finder
          key={round}
          sharing={session.api.sharing}
          label={trans.__('Name of a person or a team')}
          teams
          focused={round > 0}
          taken={grants.map(grant => grant.subject)}
          value={candidate}
          onChange={setCandidate}
          trans={trans}
        />
        <RoleSelect
          label={trans.__('Role to give')}
          value={role}
          onChange={setRole}
          trans={trans}
        />
        <button
          type="submit"
          className="jp-Button jp-mod-styled jp-mod-accept sub-TextButton"
          disabled={busy || candidate === null}
        >
          {trans.__('Share')}
        </button>
      </form>
      <p className="sub-Field-hint">{roleSentence(role, trans)}</p>
    </div>
  );
}

function Row(props: PartProps & { grant: Grant }): React.ReactElement {
  const { session, name, project, grant, act, busy, trans } = props;
  const { subject, role } = grant;
  const { kind, name: who } = subjectOf(subject);
  const { sharing } = session.api;
  const changes = may(project, 'grant:write');
  return (
    <li>
      <Who subject={subject} note={noteOf(grant, trans)} trans={trans} />
      {kind === 'team' && <TeamMembers session={session} team={who} trans={trans} />}
      {role === null ? (
        <span className="sub-Chip">{trans.__('Emergency')}</span>
      ) : changes ? (
        <>
          <RoleSelect
            label={trans.__('Role of %1', who)}
            value={role}
            disabled={busy}
            onChange={other => void act(() => sharing.grant(name, subject, other))}
            trans={trans}
          />
          <IconButton
            icon={closeIcon}
            name={trans.__('Remove %1', who)}
            onClick={() => void act(() => sharing.revoke(name, subject))}
          />
        </>
      ) : (
        <>
          <span className="sub-Chip">{roleWord(role, trans)}</span>
          {kind === 'team' && session.me.value?.teams.includes(who) && (
            <TeamDrop
              session={session}
              team={who}
              onDrop={() => void act(() => sharing.revoke(name, subject))}
              trans={trans}
            />
          )}
        </>
      )}
    </li>
  );
}

function noteOf({ known, until, reason }: Grant, trans: TranslationBundle): string | null {
  if (until) {
    return trans.__('until %1: %2', exactTime(until), reason ?? '');
  }
  return known ? null : trans.__('has not been here yet');
}

/** Dropping one's own role asks once more: one can't take it back alone. */
function Leaving(props: PartProps): React.ReactElement | null {
  const { session, name, act, busy, trans } = props;
  const [asked, setAsked] = React.useState(false);
  const user = session.me.value?.user;
  if (!user) {
    return null;
  }
  return asked ? (
    <p className="sub-Controls">
      {trans.__('You will not see this project any more.')}
      <TextButton
        disabled={busy}
        onClick={() => void act(() => session.api.sharing.revoke(name, `user:${user}`))}
      >
        {trans.__('Leave it')}
      </TextButton>
      <TextButton onClick={() => setAsked(false)}>{trans.__('Stay')}</TextButton>
    </p>
  ) : (
    <p className="sub-Controls">
      <TextButton onClick={() => setAsked(true)}>{trans.__('Leave project…')}</TextButton>
    </p>
  );
}
