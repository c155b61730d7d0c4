/** The New job form: it holds the draft, sends it, and puts every error at its field. */
import type { TranslationBundle } from '@jupyterlab/translation';
import { UUID } from '@lumino/coreutils';
import * as React from 'react';
import { Problem, sentenceOf } from '../../api/problem';
import type { Job, JobSpec } from '../../api/types';
import { Message } from '../../components/basics';
import { useSignal } from '../../components/hooks';
import { whyNoJobs } from '../../components/projectwords';
import { EMPTY_DRAFT, folderOf, hasBundle, write, type Draft } from '../../models/draft';
import type { Parameter } from '../../models/parameters';
import { may } from '../../models/rights';
import type { Session } from '../../models/session';
import { GENERAL, mistakeErrors, problemErrors } from './errors';
import { JobForm } from './form';

/** How the form reaches the lab's files. Paths that are chosen are relative to the server's root. */
export interface Files {
  choose: (kind: 'script' | 'notebook') => Promise<string | null>;
  chooseFolder: () => Promise<string | null>;
  /** `project`: whose notebook it is; empty: the server's. */
  parameters: (notebook: string, project: string) => Promise<Parameter[]>;
}

export interface NewJobBodyProps {
  session: Session;
  files: Files;
  /** What the form starts with. */
  initial: Partial<Draft>;
  onSubmitted: (job: Job, warnings: readonly string[]) => void;
  trans: TranslationBundle;
}

type Errors = { readonly [field: string]: string };

/** See the module's comment. */
export function NewJobBody(props: NewJobBodyProps): React.ReactElement {
  const { session, files, initial, trans } = props;
  useSignal(session.engines.changed);
  useSignal(session.projects.changed);
  const [draft, setDraft] = React.useState<Draft>(() => ({ ...EMPTY_DRAFT, ...initial }));
  const project = session.projects.get(draft.project) ?? session.projects.current;
  const allowed = may(project, 'job:submit');
  const [errors, setErrors] = React.useState<Errors>({});
  const declared = useParameters(draft, files, setErrors);
  const { busy, submit } = useSubmit(props, draft, declared, setErrors);
  const form = React.useRef<HTMLFormElement>(null);
  React.useEffect(() => {
    form.current?.querySelector<HTMLElement>('textarea, input[type=text]')?.focus();
  }, []);
  React.useEffect(() => focusInvalid(form.current), [errors]);
  const change = (part: Partial<Draft>) => setDraft({ ...draft, ...part });
  const chooseFile = async () => {
    const file = draft.kind === 'command' ? null : await files.choose(draft.kind);
    if (file !== null) {
      change({ file, folder: folderOf(file), parameters: {}, project: '' });
    }
  };
  const chooseFolder = async () => {
    const folder = await files.chooseFolder();
    if (folder !== null) {
      change({ folder, project: '' });
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
      <h1>{trans.__('New job')}</h1>
      {project && <p className="sub-Field-hint">{trans.__('In the project %1', project.title)}</p>}
      {!allowed && (
        <Message kind="forbidden">
          {whyNoJobs(project, trans)} {trans.__('Change to another project.')}
        </Message>
      )}
      <JobForm
        draft={draft}
        onChange={change}
        declared={declared}
        engines={session.engines.items}
        errors={errors}
        onChooseFile={() => void chooseFile()}
        onChooseFolder={() => void chooseFolder()}
        trans={trans}
      />
      <Preview draft={draft} declared={declared} trans={trans} />
      {errors[GENERAL] && <Message kind="failed">{errors[GENERAL]}</Message>}
      <button
        type="submit"
        className="jp-Button jp-mod-styled jp-mod-accept"
        disabled={busy || !allowed}
      >
        {busy ? trans.__('Starting…') : trans.__('Run')}
      </button>
    </form>
  );
}

/** The parameters that the chosen notebook declares. */
function useParameters(
  draft: Draft,
  files: Files,
  setErrors: (errors: Errors) => void
): readonly Parameter[] {
  const [declared, setDeclared] = React.useState<readonly Parameter[]>([]);
  const { project } = draft;
  const notebook = draft.kind === 'notebook' && draft.file.endsWith('.ipynb') ? draft.file : null;
  React.useEffect(() => {
    let current = true;
    const reading = notebook ? files.parameters(notebook, project) : Promise.resolve([]);
    reading.then(
      found => current && setDeclared(found),
      error => current && setErrors({ notebook: sentenceOf(error) })
    );
    return () => {
      current = false;
    };
  }, [notebook, project, files, setErrors]);
  return declared;
}

/** Pack, send, and say what is wrong. A repeat after a failure can't make a second job. */
function useSubmit(
  props: NewJobBodyProps,
  draft: Draft,
  declared: readonly Parameter[],
  setErrors: (errors: Errors) => void
): { busy: boolean; submit: () => Promise<void> } {
  const { session, onSubmitted, trans } = props;
  const [busy, setBusy] = React.useState(false);
  const sent = React.useRef({ body: '', key: '' });
  const submit = async () => {
    const { spec, mistakes } = write(draft, declared);
    if (mistakes.length > 0) {
      setErrors(mistakeErrors(mistakes, trans));
      return;
    }
    setBusy(true);
    setErrors({});
    try {
      const packed = hasBundle(draft)
        ? await session.api.pack(draft.folder, draft.project || null)
        : null;
      const whole: JobSpec = packed ? { ...spec, bundle: packed.sha256 } : spec;
      const body = JSON.stringify(whole);
      if (sent.current.body !== body) {
        sent.current = { body, key: UUID.uuid4() };
      }
      const job = await session.api.submit(
        draft.project || session.project,
        whole,
        sent.current.key
      );
      sent.current = { body: '', key: '' };
      onSubmitted(job, packed?.warnings ?? []);
    } catch (error) {
      setErrors(errorsOf(error, declared));
    } finally {
      setBusy(false);
    }
  };
  return { busy, submit };
}

function errorsOf(error: unknown, declared: readonly Parameter[]): Errors {
  return error instanceof Problem
    ? problemErrors(
        error,
        declared.map(one => one.name)
      )
    : { [GENERAL]: sentenceOf(error) };
}

/** Bring the first of the errors that were drawn to whoever types. */
function focusInvalid(form: HTMLElement | null): void {
  const field = form?.querySelector<HTMLElement>('[aria-invalid=true]');
  field?.closest('details')?.setAttribute('open', '');
  field?.focus();
}

/** What will be sent, for whoever wants to see it or to copy it. */
function Preview(props: {
  draft: Draft;
  declared: readonly Parameter[];
  trans: TranslationBundle;
}): React.ReactElement {
  const { draft, declared, trans } = props;
  return (
    <details>
      <summary>{trans.__('Spec as JSON')}</summary>
      <pre className="sub-Json" tabIndex={0}>
        {JSON.stringify(write(draft, declared).spec, null, 2)}
      </pre>
    </details>
  );
}
