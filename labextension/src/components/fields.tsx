/** Form fields with a label, a hint and the error that names them. Props only. */
import * as React from 'react';

interface FieldProps {
  id: string;
  label: string;
  hint?: React.ReactNode;
  error?: string;
  /** Takes a whole row of its grid. */
  wide?: boolean;
  children: (control: ControlProps) => React.ReactElement;
}

/** What ties a control to its label, hint and error. */
export interface ControlProps {
  id: string;
  'aria-invalid': boolean;
  'aria-describedby': string;
}

/** See the module's comment. */
export function Field(props: FieldProps): React.ReactElement {
  const { id, label, hint, error, wide, children } = props;
  const classes = ['sub-Field', error && 'sub-mod-invalid', wide && 'sub-mod-wide'];
  const control = {
    id,
    'aria-invalid': error !== undefined,
    'aria-describedby': `${id}-hint ${id}-error`
  };
  return (
    <div className={classes.filter(Boolean).join(' ')}>
      <label htmlFor={id}>{label}</label>
      {children(control)}
      {hint && (
        <div id={`${id}-hint`} className="sub-Field-hint">
          {hint}
        </div>
      )}
      {error && (
        <div id={`${id}-error`} className="sub-Field-error" role="alert">
          {error}
        </div>
      )}
    </div>
  );
}

interface TextProps {
  id: string;
  label: string;
  value: string;
  onChange: (value: string) => void;
  hint?: React.ReactNode;
  error?: string;
  placeholder?: string;
  numeric?: boolean;
  wide?: boolean;
  /** Can't be used now; the hint says why. */
  disabled?: boolean;
  /** Values that are offered, each with a word about it. */
  suggestions?: readonly (readonly [value: string, label: string])[];
}

/** One line of text. What is numeric is still text: nothing typed is lost. */
export function TextField(props: TextProps): React.ReactElement {
  const { value, onChange, placeholder, numeric, disabled, suggestions, ...field } = props;
  const list = suggestions && suggestions.length > 0 ? `${field.id}-list` : undefined;
  return (
    <Field {...field}>
      {control => (
        <>
          <input
            {...control}
            className="jp-mod-styled"
            type="text"
            inputMode={numeric ? 'numeric' : undefined}
            spellCheck={false}
            autoComplete="off"
            list={list}
            disabled={disabled}
            value={value}
            placeholder={placeholder}
            onChange={event => onChange(event.target.value)}
          />
          {list && (
            <datalist id={list}>
              {suggestions?.map(([one, label]) => (
                <option key={one} value={one}>
                  {label}
                </option>
              ))}
            </datalist>
          )}
        </>
      )}
    </Field>
  );
}

/** Several lines of text. */
export function AreaField(
  props: Omit<TextProps, 'numeric' | 'suggestions' | 'disabled'> & { rows: number }
): React.ReactElement {
  const { value, onChange, placeholder, rows, ...field } = props;
  return (
    <Field {...field}>
      {control => (
        <textarea
          {...control}
          className="jp-mod-styled sub-Area"
          rows={rows}
          spellCheck={false}
          value={value}
          placeholder={placeholder}
          onChange={event => onChange(event.target.value)}
        />
      )}
    </Field>
  );
}

interface ChoiceProps extends Omit<TextProps, 'placeholder' | 'numeric' | 'wide' | 'suggestions'> {
  options: readonly (readonly [value: string, label: string])[];
}

/** One of a few. */
export function ChoiceField(props: ChoiceProps): React.ReactElement {
  const { value, onChange, options, disabled, ...field } = props;
  return (
    <Field {...field}>
      {control => (
        <select
          {...control}
          disabled={disabled}
          className="jp-mod-styled"
          value={value}
          onChange={event => onChange(event.target.value)}
        >
          {options.map(([option, label]) => (
            <option key={option} value={option}>
              {label}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}
