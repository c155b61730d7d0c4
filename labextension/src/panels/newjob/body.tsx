/** The New job form: draws the model, and puts every error at its field. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import type { Job } from '../../api/types';
import { Message, TextButton } from '../../components/basics';
import { useNow, useReading, useSignal } from '../../components/hooks';
import { whyNoJobs } from '../../components/projectwords';
import { Tabs } from '../../components/tabs';
import { age, engineTitle } from '../../components/words';
import type { Unsent } from '../../models/drafts';
import type { FormView, NewJobModel } from '../../models/newjob';
import type { Parameter } from '../../models/parameters';
import { Reading } from '../../models/reading';
import { may } from '../../models/rights';
import type { Session } from '../../models/session';
import { summary } from '../../models/spec';
import { write } from '../../models/draft';
import { Check } from './check';
import { errorsOf, fieldOf, GENERAL, type Errors } from './errors';
import { FolderFields } from './folder';
import { JobForm, type FormProps } from './form';
import { select, SpecText } from './text';

/** How the form reaches the lab's files. Paths that are chosen are relative to the server's root. */
export interface Files {
  choose: (kind: 'script' | 'notebook') => Promise<string | null>;
  chooseFolder: () => Promise<string | null>;
  /** `project`: whose notebook it is; empty: the server's. */
  parameters: (notebook: string, project: string) => Promise<Parameter[]>;
  /** Interpreters that the server's kernels use, each with the kernel's name. */
  interpreters: () => readonly (readonly [path: string, name: string])[];
}

export interface NewJobBodyProps {
  session: Session;
  model: NewJobModel;
  files: Files;
  /** Forms that were begun earlier and are not open. */
  unsent: readonly Unsent[];
  onResume: (key: string) => void;
  onForget: (key: string) => void;
  onSubmitted: (job: Job, warnings: readonly string[]) => void;
  trans: TranslationBundle;
}

/** See the module's comment. */
export function NewJobBody(props: NewJobBodyProps): React.ReactElement {
  const { session, model, trans } = props;
  useSignal(model.changed);
  useSignal(session.projects.changed);
  const base = React.useId();
  const form = React.useRef<HTMLFormElement>(null);
  const project = session.projects.get(model.draft.project) ?? session.projects.current;
  const allowed = may(project, 'job:submit');
  const names = model.declared.map(one => one.name);
  const errors = errorsOf(model.wrong, names, trans);
  React.useEffect(() => {
    form.current?.querySelector<HTMLElement>('textarea, input[type=text]')?.focus();
  }, []);
  React.useEffect(() => focusInvalid(form.current), [model.wrong]);
  const known = project?.name ?? '';
  React.useEffect(() => {
    if (known !== '') {
      model.wake();
    }
  }, [model, known]);
  const submit = async () => {
    const job = await model.submit();
    if (job) {
      props.onSubmitted(job, model.packed?.warnings ?? []);
    }
  };
  return (
    <form
      className="sub-NewJob"
      noValidate
      ref={form}
      aria-label={trans.__('New job')}
      onSubmit={event => {
        event.preventDefault();
        void submit();
      }}
    >
      <div className="sub-NewJob-head">
        <h1>{trans.__('New job')}</h1>
        {project && (
          <p className="sub-Field-hint">{trans.__('In the project %1', project.title)}</p>
        )}
      </div>
      {!allowed && (
        <Message kind="forbidden">
          {whyNoJobs(project, trans)} {trans.__('Change to another project.')}
        </Message>
      )}
      <UnsentNotice {...props} />
      <div className="sub-NewJob-columns">
        <div className="sub-NewJob-main">
          <Views {...props} base={base} errors={errors} project={known} />
        </div>
        <aside className="sub-NewJob-side">
          <CheckOf {...props} base={base} form={form} />
          {errors[GENERAL] && <Message kind="failed">{errors[GENERAL]}</Message>}
          <button
            type="submit"
            className="jp-Button jp-mod-styled jp-mod-accept"
            disabled={model.sending || !allowed || known === ''}
          >
            {model.sending ? trans.__('Starting…') : trans.__('Run')}
          </button>
        </aside>
      </div>
    </form>
  );
}

type ViewsProps = NewJobBodyProps & { base: string; errors: Errors; project: string };

/** The form, or the same job as JSON or YAML. */
function Views(props: ViewsProps): React.ReactElement {
  const { model, base, errors, trans } = props;
  const fields = useFields(props);
  const { view } = model;
  return (
    <Tabs
      id={`${base}-views`}
      label={trans.__('Ways to write the job')}
      names={{ form: trans.__('Form'), json: 'JSON', yaml: 'YAML' }}
      current={view}
      onChange={next => void model.setView(next as FormView)}
    >
      {view === 'form' ? (
        <JobForm {...fields} />
      ) : (
        <>
          <FolderFields {...fields} />
          <SpecText
            id={`${base}-text`}
            format={view}
            text={model.text}
            faults={model.faults}
            errors={errors}
            lineOf={field => model.lineOf(field)}
            onChange={text => model.setText(text)}
            onDiscard={() => model.discardText()}
            trans={trans}
          />
        </>
      )}
    </Tabs>
  );
}

function useFields(props: ViewsProps): FormProps {
  const { session, model, files, base, errors, project, trans } = props;
  useSignal(session.engines.changed);
  useSignal(session.me.changed);
  React.useEffect(() => {
    // What runs now is a part of what one has: both become old together.
    const refresh = () => void session.me.refresh();
    session.engines.changed.connect(refresh);
    return () => {
      session.engines.changed.disconnect(refresh);
    };
  }, [session]);
  const { sharing } = session.api;
  const secrets = useReading(
    React.useCallback(
      () => new Reading({ read: () => namesOf(sharing, project) }),
      [sharing, project]
    )
  );
  const { draft } = model;
  const chooseFile = async () => {
    const { kind } = draft;
    const file = kind === 'script' || kind === 'notebook' ? await files.choose(kind) : null;
    if (file !== null) {
      model.chooseFile(file);
    }
  };
  const chooseFolder = async () => {
    const folder = await files.chooseFolder();
    if (folder !== null) {
      model.chooseFolder(folder);
    }
  };
  return {
    id: field => idOf(base, field),
    draft,
    onChange: part => model.change(part),
    declared: model.declared,
    engines: session.engines.items,
    me: session.me.value,
    secrets: secrets.value,
    interpreters: files.interpreters(),
    packed: model.packed,
    errors,
    onChooseFile: () => void chooseFile(),
    onChooseFolder: () => void chooseFolder(),
    trans
  };
}

async function namesOf(sharing: Session['api']['sharing'], project: string): Promise<string[]> {
  return project === '' ? [] : (await sharing.secrets(project)).map(({ name }) => name);
}

/** The check beside the form. */
function CheckOf(
  props: NewJobBodyProps & { base: string; form: React.RefObject<HTMLFormElement> }
): React.ReactElement {
  const { model, session, base, form, trans } = props;
  const names = model.declared.map(one => one.name);
  const show = (path: string) => {
    const field = fieldOf(path, names);
    const area = form.current?.querySelector<HTMLTextAreaElement>(`#${CSS.escape(`${base}-text`)}`);
    if (area) {
      select(area, model.lineOf(path) ?? 1);
    } else {
      reveal(form.current, idOf(base, field === 'bundle' ? 'folder' : field));
    }
  };
  const engine = session.engines.items.find(one => one.name === model.engine);
  return (
    <Check
      state={model.check}
      engine={engine ? engineTitle(engine, trans) : model.engine}
      findings={model.findings}
      definitions={finding => model.definitions(finding)}
      onCheck={() => void model.look()}
      onFix={fix => model.apply(fix)}
      onPrepend={cells => model.prepend(cells)}
      onShow={show}
      trans={trans}
    />
  );
}

/** What was begun and neither sent nor thrown away, for as long as nothing is typed here. */
function UnsentNotice(props: NewJobBodyProps): React.ReactElement | null {
  const { model, unsent, onResume, onForget, trans } = props;
  const now = useNow();
  const [newest] = unsent;
  if (!newest || model.touched) {
    return null;
  }
  const { key, draft, when } = newest;
  const what = summary(write(draft, []).spec) || draft.name || draft.code.split('\n')[0];
  return (
    <div className="sub-Unsent" role="status">
      <span>
        {trans.__(
          'You began %1 (%2) and did not run it.',
          what || trans.__('a job'),
          age(new Date(when).toISOString(), now, trans)
        )}
      </span>
      <TextButton onClick={() => onResume(key)}>{trans.__('Go on with it')}</TextButton>
      <TextButton onClick={() => onForget(key)}>{trans.__('Throw it away')}</TextButton>
    </div>
  );
}

/** The id of a field's control; several forms may be open. */
function idOf(base: string, field: string): string {
  return `${base}-${field.replace(/\W/g, '_')}`;
}

/** Bring the first of the errors that were drawn to whoever types. */
function focusInvalid(form: HTMLElement | null): void {
  const field = form?.querySelector<HTMLElement>('[aria-invalid=true]');
  field?.closest('details')?.setAttribute('open', '');
  field?.focus();
}

function reveal(form: HTMLElement | null, id: string): void {
  const field =
    form?.querySelector<HTMLElement>(`#${CSS.escape(id)}`) ??
    form?.querySelector<HTMLElement>('[name]');
  field?.closest('details')?.setAttribute('open', '');
  field?.focus();
}
