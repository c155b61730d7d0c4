/** A project's view: its head and the tabs that one may see. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import type { Project } from '../../api/types';
import { Message } from '../../components/basics';
import { useSignal } from '../../components/hooks';
import { projectStateSentence, standingWord, visibilityWord } from '../../components/projectwords';
import { Tabs } from '../../components/tabs';
import { may } from '../../models/rights';
import type { Session } from '../../models/session';
import { Sharing } from '../share/sharing';
import { AboutTab } from './about';
import { ActivityTab } from './activity';
import { SecretsTab } from './secrets';
import { TrashTab } from './trash';

export interface ProjectBodyProps {
  session: Session;
  name: string;
  tab: string;
  onTab: (tab: string) => void;
  trans: TranslationBundle;
}

/** What each tab is given. */
export interface TabProps {
  session: Session;
  project: Project;
  trans: TranslationBundle;
}

/** See the module's comment. */
export function ProjectBody(props: ProjectBodyProps): React.ReactElement {
  const { session, name, trans } = props;
  const { projects, me } = session;
  useSignal(projects.changed);
  useSignal(me.changed);
  const project = projects.get(name);
  if (project) {
    return <Loaded {...props} project={project} user={me.value?.user ?? ''} />;
  }
  return projects.status === 'loading' ? (
    <Message kind="loading">{trans.__('Loading the project…')}</Message>
  ) : (
    <Message kind="failed">{trans.__('There is no such project here.')}</Message>
  );
}

function Loaded(props: ProjectBodyProps & { project: Project; user: string }): React.ReactElement {
  const { project, user, tab, onTab, trans } = props;
  const names = tabsOf(project, trans);
  const current = tab in names ? tab : 'about';
  const sentence = projectStateSentence(project.state, trans);
  return (
    <div className="sub-ProjectView">
      <div className="sub-JobHeader">
        <div className="sub-JobHeader-title">
          <h1>{project.title}</h1>
          <span className="sub-Chip">{standingWord(project, user, trans)}</span>
          <span className="sub-Chip">{visibilityWord(project.visibility, trans)}</span>
        </div>
        {sentence && <p className="sub-Reason">{sentence}</p>}
      </div>
      <Tabs
        id={`submarine-project-${project.name}`}
        label={project.title}
        names={names}
        current={current}
        onChange={onTab}
      >
        <div className="sub-TabBody">
          <Tab {...props} tab={current} />
        </div>
      </Tabs>
    </div>
  );
}

function tabsOf(project: Project, trans: TranslationBundle): { [tab: string]: string } {
  const names: [string, string, string][] = [
    ['about', trans.__('About'), 'project:read'],
    ['members', trans.__('Members'), 'member:read'],
    ['secrets', trans.__('Secrets'), 'secret:read'],
    ['trash', trans.__('Trash'), 'file:write'],
    ['activity', trans.__('Activity'), 'audit:read']
  ];
  const allowed = names.filter(([, , capability]) => may(project, capability));
  return Object.fromEntries(allowed.map(([key, word]) => [key, word]));
}

function Tab(props: ProjectBodyProps & { project: Project }): React.ReactElement {
  const { session, project, tab, trans } = props;
  switch (tab) {
    case 'members':
      return <Sharing session={session} name={project.name} trans={trans} />;
    case 'secrets':
      return <SecretsTab session={session} project={project} trans={trans} />;
    case 'trash':
      return <TrashTab session={session} project={project} trans={trans} />;
    case 'activity':
      return <ActivityTab session={session} project={project} trans={trans} />;
    default:
      return <AboutTab key={project.name} session={session} project={project} trans={trans} />;
  }
}
