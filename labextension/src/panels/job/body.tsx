/** A job's view: it binds the job's models to the head and the tabs. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import type { Job } from '../../api/types';
import { Message } from '../../components/basics';
import { ConnectionBanner } from '../../components/banner';
import { useNow, useSignal } from '../../components/hooks';
import { Tabs } from '../../components/tabs';
import { earlier } from '../../models/changes';
import type { Choice } from '../../models/choice';
import type { JobModel } from '../../models/job';
import type { LogsModel } from '../../models/logs';
import type { LogSearchModel } from '../../models/logsearch';
import type { MetricsModel } from '../../models/metrics';
import { may, mayOnJob } from '../../models/rights';
import type { Session } from '../../models/session';
import { AbsentJob } from './absent';
import type { CurvesActions } from '../curves';
import { DetailsTab } from './details';
import { FilesTab } from './files';
import { JobHeader, type JobViewActions } from './header';
import { LogsTab } from './logs';
import { MetricsTab } from './metrics';

export interface JobModels {
  job: JobModel;
  metrics: MetricsModel;
  /** Read from the first time that they are asked for. */
  logs: () => { logs: LogsModel; search: LogSearchModel };
}

export interface JobBodyProps {
  session: Session;
  models: JobModels;
  tab: string;
  onTab: (tab: string) => void;
  choice: Choice;
  onChoice: (choice: Choice) => void;
  curves: CurvesActions;
  theme: string;
  actions: JobViewActions & FileActions & RunActions;
  onClose: () => void;
  trans: TranslationBundle;
}

/** What the Metrics tab does with other runs. */
export interface RunActions {
  overlay: (taken: readonly string[], onAccept: (ids: readonly string[]) => void) => void;
  compare: (ids: readonly string[]) => void;
}

export interface FileActions {
  openArtifact: (path: string) => void;
  openVersion: (project: string, path: string, version: string, to?: string) => void;
  openJob: (id: string) => void;
  copy: (text: string) => void;
}

/** See the module's comment. */
export function JobBody(props: JobBodyProps): React.ReactElement {
  const { models, trans } = props;
  useSignal(models.job.changed);
  const { job, deleted } = models.job;
  if (job) {
    return <Loaded {...props} job={job} />;
  }
  return (
    <AbsentJob
      model={models.job}
      onAgain={() => deleted && props.actions.rerun(deleted.project, deleted.spec)}
      onClose={props.onClose}
      trans={trans}
    />
  );
}

function Loaded(props: JobBodyProps & { job: Job }): React.ReactElement {
  const { job, models, tab, onTab, actions, trans } = props;
  const now = useNow(1000);
  const rights = useRights(props.session, job);
  const { connection, stops } = props.session;
  useAttempts(job.attempt, models.metrics);
  useSignal(connection.stateChanged);
  useSignal(stops.changed);
  return (
    <div className="sub-JobView">
      <ConnectionBanner
        state={connection.state}
        lostAt={connection.lostAt}
        refusal={connection.refusal}
        onRetry={() => connection.retry()}
        trans={trans}
      />
      <JobHeader
        job={job}
        now={now}
        {...rights}
        mayUndo={stops.canUndo(job.id)}
        actions={actions}
        trans={trans}
      />
      <Tabs
        id={`submarine-${job.id}`}
        label={job.name}
        names={{
          metrics: trans.__('Metrics'),
          logs: trans.__('Logs'),
          files: trans.__('Files'),
          details: trans.__('Details')
        }}
        current={tab}
        onChange={onTab}
      >
        <Tab {...props} />
      </Tabs>
    </div>
  );
}

function Tab(props: JobBodyProps & { job: Job }): React.ReactElement {
  const { job, session, models, tab, choice, onChoice, theme, actions, trans } = props;
  const { api } = session;
  const { id, state } = job;
  const { artifacts } = models.job;
  const read = React.useCallback(
    // Another state, or one file more that it has told of, is another list.
    () => (state && artifacts >= 0 ? api.artifacts(id) : Promise.resolve([])),
    [api, id, state, artifacts]
  );
  switch (tab) {
    case 'logs':
      return !may(session.projects.get(job.project), 'job:logs') ? (
        <Message kind="empty">
          {trans.__('Only editors see the logs of this project. Its owners can change that.')}
        </Message>
      ) : (
        <Logs {...props} />
      );
    case 'files':
      return (
        <FilesTab
          read={read}
          open={(path, most) => api.artifactPart(id, path, most)}
          urlOf={path => api.artifactUrl(id, path)}
          onOpen={actions.openArtifact}
          trans={trans}
        />
      );
    case 'details':
      return <Details {...props} />;
    default:
      return (
        <MetricsTab
          job={job}
          model={models.metrics}
          source={session}
          choice={choice}
          onChoice={onChoice}
          onOverlay={taken =>
            actions.overlay(taken, ids =>
              onChoice({ ...choice, overlay: [...choice.overlay, ...ids] })
            )
          }
          onCompare={actions.compare}
          actions={props.curves}
          theme={theme}
          trans={trans}
        />
      );
  }
}

function Logs({ job, session, models, trans }: JobBodyProps & { job: Job }): React.ReactElement {
  const { logs, search } = models.logs();
  return (
    <LogsTab
      model={logs}
      search={search}
      job={job}
      urlOf={(rank, attempt) => session.api.logUrl(job.id, rank, attempt)}
      trans={trans}
    />
  );
}

function Details(props: JobBodyProps & { job: Job }): React.ReactElement {
  const { job, session, models, actions, trans } = props;
  const { api } = session;
  const { id, project, name, created } = job;
  const readEarlier = React.useCallback(async () => {
    const limit = 50;
    const pages = [api.jobs(project, { text: name, limit }), api.jobs(project, { limit })];
    const known = (await Promise.all(pages)).flatMap(({ items }) => items);
    return earlier({ id, name, created }, known);
  }, [api, id, project, name, created]);
  const readParams = React.useCallback(
    // The fewest points that may be asked for: they are not looked at.
    async (one: string) => (await api.metrics(one, 2)).params,
    [api]
  );
  return (
    <DetailsTab
      job={job}
      engine={session.engines.items.find(one => one.name === job.engine)}
      shown={may(session.projects.get(project), 'job:spec')}
      params={models.metrics.params}
      readEarlier={readEarlier}
      readParams={readParams}
      onVersion={(path, version, to) => actions.openVersion(project, path, version, to)}
      onJob={actions.openJob}
      onCopy={actions.copy}
      trans={trans}
    />
  );
}

interface Rights {
  mayStop: boolean;
  mayRetry: boolean;
  mayDelete: boolean;
}

/** What one may do with a job, as it changes. */
function useRights(session: Session, job: Job): Rights {
  const { me, projects } = session;
  useSignal(projects.changed);
  useSignal(me.changed);
  const project = projects.get(job.project);
  const user = me.value?.user ?? null;
  return {
    mayStop: mayOnJob('stop', job, project, user),
    mayRetry: may(project, 'job:submit'),
    mayDelete: mayOnJob('delete', job, project, user)
  };
}

/** Another attempt has other curves. */
function useAttempts(attempt: number, metrics: MetricsModel): void {
  const known = React.useRef(attempt);
  React.useEffect(() => {
    if (known.current !== attempt) {
      known.current = attempt;
      void metrics.reload();
    }
  }, [attempt, metrics]);
}
