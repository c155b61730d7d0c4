/** The folder that travels with a job, and what is in it. Props only. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import type { Bundle } from '../../api/types';
import { TextButton } from '../../components/basics';
import { TextField } from '../../components/fields';
import { bytes } from '../../components/words';
import { isFile } from '../../models/draft';
import type { FormProps } from './form';

/** See the module's comment. */
export function FolderFields(props: FormProps): React.ReactElement {
  const { id, draft, onChange, errors, trans } = props;
  if (draft.bundle !== '') {
    return <KnownBundle {...props} />;
  }
  return (
    <fieldset>
      <legend>{trans.__('Files')}</legend>
      {!isFile(draft.kind) && (
        <label className="sub-Check">
          <input
            type="checkbox"
            id={id('travels')}
            checked={draft.travels}
            onChange={event => onChange({ travels: event.target.checked })}
          />{' '}
          {trans.__('A folder travels with it')}
        </label>
      )}
      {(isFile(draft.kind) || draft.travels) && <FolderField {...props} />}
      {!isFile(draft.kind) && !draft.travels && errors.bundle && (
        <p className="sub-Field-error" role="alert">
          {errors.bundle}
        </p>
      )}
    </fieldset>
  );
}

function FolderField(props: FormProps): React.ReactElement {
  const { id, draft, onChange, errors, packed, onChooseFolder, trans } = props;
  const whole =
    draft.project === '' ? trans.__('the whole Jupyter folder') : trans.__('the whole project');
  return (
    <div className="sub-FileField">
      <TextField
        id={id('folder')}
        label={trans.__('Folder that travels with it')}
        value={draft.folder}
        error={errors.folder ?? errors.bundle}
        placeholder={whole}
        onChange={folder => onChange({ folder })}
        hint={
          packed ? (
            <Content packed={packed} trans={trans} />
          ) : (
            trans.__('The job sees a copy. .gitignore and .submarineignore are honoured.')
          )
        }
      />
      <TextButton onClick={onChooseFolder}>{trans.__('Choose…')}</TextButton>
    </div>
  );
}

/** How much travels, what is large in it, and what stays. */
function Content(props: { packed: Bundle; trans: TranslationBundle }): React.ReactElement {
  const { packed, trans } = props;
  const more = packed.left_out - packed.ignored.length;
  return (
    <>
      {trans._n('%1 file', '%1 files', packed.files)}
      {', '}
      {trans.__('%1, %2 packed.', bytes(packed.unpacked), bytes(packed.size))}{' '}
      {packed.left_out > 0 && (
        <details className="sub-Ignored">
          <summary>
            {trans._n('%1 ignored entry stays', '%1 ignored entries stay', packed.left_out)}
          </summary>
          {packed.ignored.join(', ')}
          {more > 0 && ` ${trans.__('and %1 more', more)}`}
        </details>
      )}
      {packed.warnings.map(text => (
        <p key={text} className="sub-Warning">
          <strong>{trans.__('Large:')}</strong> {text}
        </p>
      ))}
    </>
  );
}

/** The files of an earlier job, which are on the server already. */
function KnownBundle(props: FormProps): React.ReactElement {
  const { draft, onChange, errors, trans } = props;
  return (
    <fieldset>
      <legend>{trans.__('Files')}</legend>
      <p>
        {trans.__('The files of the bundle %1 travel with it.', draft.bundle.slice(0, 12))}{' '}
        <TextButton onClick={() => onChange({ bundle: '' })}>
          {trans.__('Choose a folder instead')}
        </TextButton>
      </p>
      {errors.bundle && (
        <p className="sub-Field-error" role="alert">
          {errors.bundle}
        </p>
      )}
    </fieldset>
  );
}
