/** One team: who is in it, what it may use, and how that is changed. */
import type { TranslationBundle } from '@jupyterlab/translation';
import { closeIcon } from '@jupyterlab/ui-components';
import * as React from 'react';
import type { Standing, Team } from '../../api/types';
import { IconButton, TextButton } from '../../components/basics';
import { useAction } from '../../components/hooks';
import { Who } from '../../components/people';
import { teamRoleWord } from '../../components/projectwords';
import { GroupNote } from '../../components/groupnote';
import { QuotaForm } from '../../components/quota';
import { UseTable } from '../../components/use';
import { Trouble } from '../../components/waiting';
import type { Candidate } from '../../models/candidates';
import type { Session } from '../../models/session';
import { Finder } from '../share/finder';

interface TeamCardProps {
  session: Session;
  team: Team;
  onChanged: () => void;
  trans: TranslationBundle;
}

interface PartProps extends TeamCardProps {
  busy: boolean;
  act: (action: () => Promise<unknown>) => Promise<boolean>;
}

/** See the module's comment. */
export function TeamCard(props: TeamCardProps): React.ReactElement {
  const { session, team, onChanged, trans } = props;
  const { busy, problem, run } = useAction();
  const { sharing } = session.api;
  const admin = session.me.value?.admin === true;
  const manages = team.group === null && (admin || team.role === 'manager');
  const act = async (action: () => Promise<unknown>) => {
    const done = await run(action);
    onChanged();
    return done;
  };
  const part = { ...props, busy, act };
  return (
    <section className="sub-CardBox" aria-label={trans.__('Team %1', team.title)}>
      <div className="sub-SectionHead">
        <h2>{team.title}</h2>
        {team.title !== team.name && <span className="sub-Who-note">{team.name}</span>}
        {team.role && <span className="sub-Chip">{teamRoleWord(team.role, trans)}</span>}
      </div>
      <GroupNote team={team} trans={trans} />
      {manages && <Adding {...part} />}
      <Trouble problem={problem} />
      <ul className="sub-Rows" aria-label={trans.__('Members of %1', team.title)}>
        {team.members.map(({ user, role }) => (
          <MemberRow key={user} {...part} user={user} role={role} manages={manages} />
        ))}
      </ul>
      {team.use && (
        <UseTable
          title={trans.__('Use and limits')}
          quota={team.quota ?? {}}
          use={team.use}
          trans={trans}
        />
      )}
      {admin && (
        <QuotaForm
          quota={team.quota ?? {}}
          onSave={quota => act(() => sharing.changeTeam(team.name, { quota }))}
          trans={trans}
        />
      )}
      {admin && (team.group === null || team.members.length === 0) && <Deleting {...part} />}
    </section>
  );
}

function Adding({ session, team, busy, act, trans }: PartProps): React.ReactElement {
  const [candidate, setCandidate] = React.useState<Candidate | null>(null);
  const [round, setRound] = React.useState(0);
  const { sharing } = session.api;
  const add = async (name: string) => {
    if (await act(() => sharing.addMember(team.name, name, 'member'))) {
      setCandidate(null);
      setRound(round + 1);
    }
  };
  return (
    <div className="sub-Adding">
      <Finder
        key={round}
        sharing={sharing}
        label={trans.__('Name of a person')}
        teams={false}
        focused={round > 0}
        taken={team.members.map(({ user }) => `user:${user}`)}
        value={candidate}
        onChange={setCandidate}
        trans={trans}
      />
      <TextButton
        disabled={busy || candidate === null}
        onClick={() => candidate && void add(candidate.name)}
      >
        {trans.__('Add')}
      </TextButton>
    </div>
  );
}

function MemberRow(
  props: PartProps & { user: string; role: Standing; manages: boolean }
): React.ReactElement {
  const { session, team, user, role, manages, busy, act, trans } = props;
  const { sharing } = session.api;
  const own = session.me.value?.user === user;
  return (
    <li>
      <Who subject={`user:${user}`} trans={trans} />
      {manages ? (
        <select
          className="jp-mod-styled"
          aria-label={trans.__('Role of %1', user)}
          value={role}
          disabled={busy}
          onChange={event =>
            void act(() => sharing.addMember(team.name, user, event.target.value as Standing))
          }
        >
          <option value="member">{teamRoleWord('member', trans)}</option>
          <option value="manager">{teamRoleWord('manager', trans)}</option>
        </select>
      ) : (
        <span className="sub-Chip">{teamRoleWord(role, trans)}</span>
      )}
      {(manages || (own && team.group === null)) && (
        <IconButton
          icon={closeIcon}
          name={own ? trans.__('Leave the team') : trans.__('Remove %1', user)}
          onClick={() => void act(() => sharing.removeMember(team.name, user))}
        />
      )}
    </li>
  );
}

/** What was shared with the team goes with it, so it is asked twice. */
function Deleting({ session, team, busy, act, trans }: PartProps): React.ReactElement {
  const [asked, setAsked] = React.useState(false);
  return (
    <div className="sub-Controls">
      {asked && trans.__('All that is shared with it is not shared with its members any more.')}
      <TextButton
        disabled={busy}
        onClick={() =>
          asked ? void act(() => session.api.sharing.deleteTeam(team.name)) : setAsked(true)
        }
      >
        {asked ? trans.__('Really delete it?') : trans.__('Delete the team')}
      </TextButton>
    </div>
  );
}
