/** A project changes hands: its owner offers it, the receiver accepts or declines. */
import * as React from 'react';
import { TextButton } from '../../components/basics';
import { useAction } from '../../components/hooks';
import { Trouble } from '../../components/waiting';
import type { Candidate } from '../../models/candidates';
import { may } from '../../models/rights';
import { Finder } from '../share/finder';
import type { TabProps } from './body';

/** Nothing where there is no offer and one may make none. */
export function Handover({ session, project, trans }: TabProps): React.ReactElement | null {
  const { busy, problem, run } = useAction();
  const [candidate, setCandidate] = React.useState<Candidate | null>(null);
  const { sharing } = session.api;
  const { name, offered_to: receiver } = project;
  const accepts = may(project, 'transfer:accept');
  const offers = may(project, 'owner:write') && !project.personal;
  if (!accepts && !offers) {
    return null;
  }
  const offer = async (to: string) => {
    session.projects.put(await sharing.offer(name, to));
    setCandidate(null);
  };
  const accept = async () => session.projects.put(await sharing.accept(name));
  return (
    <section>
      <h2>{trans.__('Hand over')}</h2>
      {accepts && (
        <div className="sub-Controls">
          {trans.__('This project is offered to you.')}
          <TextButton accept disabled={busy} onClick={() => void run(accept)}>
            {trans.__('Accept')}
          </TextButton>
          <TextButton disabled={busy} onClick={() => void run(() => sharing.withdraw(name))}>
            {trans.__('Decline')}
          </TextButton>
        </div>
      )}
      {offers && receiver !== null && (
        <div className="sub-Controls">
          {trans.__('Offered to %1, who has not answered yet.', receiver)}
          <TextButton disabled={busy} onClick={() => void run(() => sharing.withdraw(name))}>
            {trans.__('Take the offer back')}
          </TextButton>
        </div>
      )}
      {offers && receiver === null && (
        <div className="sub-Adding">
          <Finder
            sharing={sharing}
            label={trans.__('Name of the new owner')}
            teams={false}
            taken={[]}
            value={candidate}
            onChange={setCandidate}
            trans={trans}
          />
          <TextButton
            disabled={busy || candidate === null}
            onClick={() => candidate && void run(() => offer(candidate.name))}
          >
            {trans.__('Offer the project')}
          </TextButton>
        </div>
      )}
      <Trouble problem={problem} />
    </section>
  );
}
