/** What to run: a command, a script, a notebook with its parameters, or a cell. Props only. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { TextButton } from '../../components/basics';
import { AreaField, ChoiceField, TextField } from '../../components/fields';
import { strangers, type DraftKind } from '../../models/draft';
import { shown, type Parameter } from '../../models/parameters';
import { split } from '../../models/words';
import type { FormProps } from './form';

/** See the module's comment. */
export function KindFields(props: FormProps): React.ReactElement {
  const { draft, trans } = props;
  const kinds: [DraftKind, string][] = [
    ['command', trans.__('Command')],
    ['script', trans.__('Script')],
    ['notebook', trans.__('Notebook')],
    ['code', trans.__('Cell')]
  ];
  const name = props.id('kind');
  return (
    <>
      <fieldset className="sub-Kinds">
        <legend>{trans.__('What to run')}</legend>
        {kinds.map(([kind, label]) => (
          <label key={kind}>
            <input
              type="radio"
              name={name}
              checked={draft.kind === kind}
              onChange={() => props.onChange({ kind })}
            />{' '}
            {label}
          </label>
        ))}
      </fieldset>
      <KindField {...props} />
    </>
  );
}

function KindField(props: FormProps): React.ReactElement {
  switch (props.draft.kind) {
    case 'command':
      return <CommandField {...props} />;
    case 'code':
      return <CodeField {...props} />;
    case 'script':
      return (
        <>
          <FileField {...props} label={props.trans.__('Script')} />
          <ArgsField {...props} />
        </>
      );
    default:
      return (
        <>
          <FileField {...props} label={props.trans.__('Notebook')} />
          <ParameterFields {...props} />
        </>
      );
  }
}

function CommandField({ id, draft, onChange, errors, trans }: FormProps): React.ReactElement {
  return (
    <AreaField
      id={id('command')}
      label={trans.__('Command')}
      rows={2}
      placeholder={trans.__('python train.py --lr 0.1')}
      value={draft.command}
      error={errors.command}
      onChange={command => onChange({ command })}
      hint={<Words line={draft.command} trans={trans} />}
    />
  );
}

function CodeField({ id, draft, onChange, errors, trans }: FormProps): React.ReactElement {
  const rows = Math.min(18, Math.max(6, draft.code.split('\n').length + 1));
  return (
    <AreaField
      id={id('code')}
      label={trans.__('Code of the cell')}
      rows={rows}
      placeholder={trans.__('print("hello from a job")')}
      value={draft.code}
      error={errors.code}
      onChange={code => onChange({ code })}
      hint={trans.__('It runs as plain Python and starts with nothing of a kernel’s.')}
    />
  );
}

function ArgsField({ id, draft, onChange, errors, trans }: FormProps): React.ReactElement {
  return (
    <TextField
      id={id('args')}
      label={trans.__('Arguments')}
      placeholder={trans.__('--lr 0.1')}
      value={draft.args}
      error={errors.args}
      onChange={args => onChange({ args })}
      hint={<Words line={draft.args} trans={trans} />}
    />
  );
}

/** The words that a line means, one box each, so that nobody has to guess. */
function Words(props: { line: string; trans: TranslationBundle }): React.ReactElement {
  const { words } = split(props.line);
  return words.length === 0 ? (
    <>{props.trans.__('Quotes keep words together; no shell reads it.')}</>
  ) : (
    <span
      className="sub-Words"
      role="group"
      aria-label={props.trans.__('Arguments as they will be passed')}
    >
      {words.map((word, index) => (
        <code key={index}>{word === '' ? '""' : word}</code>
      ))}
    </span>
  );
}

function FileField(props: FormProps & { label: string }): React.ReactElement {
  const { id, draft, onChange, errors, onChooseFile, label, trans } = props;
  return (
    <div className="sub-FileField">
      <TextField
        id={id(draft.kind)}
        label={label}
        placeholder={
          draft.project === ''
            ? trans.__('a path in the Jupyter folder')
            : trans.__('a path in the project')
        }
        value={draft.file}
        error={errors[draft.kind]}
        onChange={file => onChange({ file })}
      />
      <TextButton onClick={onChooseFile}>{trans.__('Choose…')}</TextButton>
    </div>
  );
}

function ParameterFields(props: FormProps): React.ReactElement | null {
  const { draft, declared, errors, trans } = props;
  if (draft.file === '') {
    return null;
  }
  const unknown = strangers(draft, declared);
  return (
    <fieldset>
      <legend>{trans.__('Parameters')}</legend>
      {declared.length === 0 && (
        <p className="sub-Field-hint">
          {trans.__('This notebook declares none. Tag a cell "parameters" to set its values here.')}
        </p>
      )}
      {errors.parameters && (
        <p className="sub-Field-error" role="alert">
          {errors.parameters}
        </p>
      )}
      <div className="sub-Grid">
        {declared.map(one => (
          <ParameterField key={one.name} {...props} parameter={one} />
        ))}
        {unknown.map(name => (
          <Stranger key={name} {...props} name={name} />
        ))}
      </div>
    </fieldset>
  );
}

function ParameterField(props: FormProps & { parameter: Parameter }): React.ReactElement {
  const { id, draft, parameter, errors, onChange, trans } = props;
  const { name, initial, comment, source, kind } = parameter;
  const field = {
    id: id(`parameters.${name}`),
    label: name,
    value: draft.parameters[name] ?? (initial === null ? 'null' : shown(initial)),
    error: errors[`parameters.${name}`],
    onChange: (text: string) => onChange({ parameters: { ...draft.parameters, [name]: text } }),
    hint: comment || trans.__('in the notebook: %1', source)
  };
  return kind === 'boolean' ? (
    <ChoiceField
      {...field}
      options={[
        ['true', 'True'],
        ['false', 'False']
      ]}
    />
  ) : (
    <TextField {...field} numeric={kind === 'integer'} />
  );
}

/** A parameter that was given (in the text, by an earlier job) and is not declared. */
function Stranger(props: FormProps & { name: string }): React.ReactElement {
  const { id, draft, name, onChange, trans } = props;
  const { [name]: value, ...others } = draft.parameters;
  return (
    <div className="sub-FileField">
      <TextField
        id={id(`parameters.${name}`)}
        label={name}
        value={value}
        error={trans.__('The notebook does not declare it.')}
        onChange={text => onChange({ parameters: { ...draft.parameters, [name]: text } })}
      />
      <TextButton onClick={() => onChange({ parameters: others })}>
        {trans.__('Take it out')}
      </TextButton>
    </div>
  );
}
