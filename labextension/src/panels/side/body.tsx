/** The left panel: which project, and its sections. It binds the models to what shows them. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { Message, TextButton } from '../../components/basics';
import { useAction, useSignal } from '../../components/hooks';
import { projectStateSentence } from '../../components/projectwords';
import { Tabs } from '../../components/tabs';
import type { Lost, ProjectsModel } from '../../models/projects';
import { isOffered, may } from '../../models/rights';
import type { Session } from '../../models/session';
import type { Project } from '../../api/types';
import { Skeleton } from '../../components/skeleton';
import { JobsBody, type ListActions } from '../jobs/body';
import { ConnectionBanner } from '../../components/banner';
import { Header } from './header';
import { ProjectSection, type ProjectActions } from './project';
import { QueueSection } from './queue';

export interface SideActions extends ListActions, ProjectActions {
  newJob: () => void;
  newProject: () => void;
  /** Everything else that can be done, as a menu below an element. */
  openMenu: (below: HTMLElement) => void;
}

export interface SideBodyProps {
  session: Session;
  /** The job whose view was opened last. */
  opened: string | null;
  section: string;
  onSection: (section: string) => void;
  actions: SideActions;
  trans: TranslationBundle;
}

const SECTIONS = ['jobs', 'project', 'queue'];

/** See the module's comment. */
export function SideBody(props: SideBodyProps): React.ReactElement {
  const { session, onSection, actions, trans } = props;
  const section = SECTIONS.find(one => one === props.section) ?? 'jobs';
  const { connection, engines, me, projects } = session;
  useSignal(projects.changed);
  useSignal(me.changed);
  useSignal(engines.changed);
  useSignal(connection.stateChanged);
  const { current, lost } = projects;
  return (
    <>
      <Header
        projects={projects.items}
        current={current}
        user={me.value?.user ?? ''}
        engines={engines.items}
        stale={engines.stale || connection.lostAt !== null}
        onSelect={name => projects.select(name)}
        actions={actions}
        trans={trans}
      />
      <ConnectionBanner
        state={connection.state}
        lostAt={connection.lostAt}
        refusal={connection.refusal}
        onRetry={() => connection.retry()}
        trans={trans}
      />
      {lost && <LostBanner lost={lost} onDismiss={() => projects.dismiss()} trans={trans} />}
      {current ? (
        <>
          <Standing project={current} session={session} trans={trans} />
          <Tabs
            id="submarine-side"
            label={trans.__('Sections')}
            names={{
              jobs: trans.__('Jobs'),
              project: trans.__('Project'),
              queue: trans.__('Queue')
            }}
            current={section}
            onChange={onSection}
          >
            <Section {...props} section={section} project={current} />
          </Tabs>
        </>
      ) : (
        <Nowhere projects={projects} trans={trans} />
      )}
    </>
  );
}

function Section(props: SideBodyProps & { project: Project }): React.ReactElement {
  const { session, opened, section, project, actions, trans } = props;
  switch (section) {
    case 'project':
      return (
        <ProjectSection
          key={project.name}
          session={session}
          project={project}
          actions={actions}
          trans={trans}
        />
      );
    case 'queue':
      return (
        <QueueSection
          session={session}
          project={project.name}
          onOpen={actions.open}
          trans={trans}
        />
      );
    default:
      return may(project, 'job:list') ? (
        <JobsBody
          session={session}
          project={project}
          opened={opened}
          actions={actions}
          trans={trans}
        />
      ) : (
        <Message kind="empty">{trans.__('Only members see the jobs of this project.')}</Message>
      );
  }
}

/** Until it is known where one works, or why that can't be known. */
function Nowhere(props: { projects: ProjectsModel; trans: TranslationBundle }): React.ReactElement {
  const { projects, trans } = props;
  return projects.status === 'failed' ? (
    <Message kind="failed">{projects.problem}</Message>
  ) : (
    <Skeleton label={trans.__('Loading projects…')} shape="row" rows={5} />
  );
}

/** The project that one worked in is gone. */
function LostBanner(props: {
  lost: Lost;
  onDismiss: () => void;
  trans: TranslationBundle;
}): React.ReactElement {
  const { lost, onDismiss, trans } = props;
  return (
    <div className="sub-Banner" role="alert">
      <span>
        {trans.__(
          'The project %1 is no longer shared with you, or it was deleted. You are back in your own.',
          lost.title
        )}
      </span>
      <TextButton onClick={onDismiss}>{trans.__('OK')}</TextButton>
    </div>
  );
}

/** What is out of the ordinary about the project: offered, archived, in the trash. */
function Standing(props: {
  project: Project;
  session: Session;
  trans: TranslationBundle;
}): React.ReactElement | null {
  const { project, session, trans } = props;
  const { busy, problem, run } = useAction();
  const { sharing } = session.api;
  const sentence = projectStateSentence(project.state, trans);
  const offered = may(project, 'transfer:accept');
  if (!offered) {
    return sentence ? (
      <div className="sub-Banner" role="status">
        {sentence}
      </div>
    ) : null;
  }
  const accept = async () => session.projects.put(await sharing.accept(project.name));
  return (
    <div className="sub-Banner sub-mod-stacked" role="status">
      <span>
        {trans.__('This project is offered to you.')}{' '}
        {isOffered(project) && trans.__('Accept it to see what is in it and to own it.')}
      </span>
      {problem && <span role="alert">{problem}</span>}
      <span className="sub-Banner-buttons">
        <TextButton accept disabled={busy} onClick={() => void run(accept)}>
          {trans.__('Accept')}
        </TextButton>
        <TextButton disabled={busy} onClick={() => void run(() => sharing.withdraw(project.name))}>
          {trans.__('Decline')}
        </TextButton>
      </span>
    </div>
  );
}
