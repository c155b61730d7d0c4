/** A project's files: a folder at a time, fresh when anybody saves. They open as documents. */
import type { TranslationBundle } from '@jupyterlab/translation';
import { fileIcon, folderIcon, notebookIcon } from '@jupyterlab/ui-components';
import * as React from 'react';
import { Problem } from '../../api/problem';
import type { FolderEntry } from '../../api/types';
import { Ago, Message, TextButton } from '../../components/basics';
import { useAction, useNow, useReading } from '../../components/hooks';
import { Trouble, Waiting } from '../../components/waiting';
import { initials } from '../../components/words';
import { Reading } from '../../models/reading';
import { may } from '../../models/rights';
import { upload } from '../../models/upload';
import type { ProjectSectionProps } from './project';

const ICONS = { directory: folderIcon, notebook: notebookIcon, file: fileIcon };

/** See the module's comment. */
export function ProjectFiles(props: ProjectSectionProps): React.ReactElement {
  const { session, project, actions, trans } = props;
  const [folder, setFolder] = React.useState('');
  const files = useFolder(props, folder);
  const { name } = project;
  const open = ({ type, path }: FolderEntry) => {
    // On the drive the project stands before the path.
    const inside = path.slice(name.length + 1);
    if (type === 'directory') {
      setFolder(inside);
    } else {
      actions.openFile(name, inside);
    }
  };
  const made = async (path: string) => {
    await files.refresh();
    actions.openNew(name, path.slice(name.length + 1));
  };
  return (
    <section aria-label={trans.__('Files')}>
      <div className="sub-SectionHead">
        <h2>{trans.__('Files')}</h2>
        {may(project, 'file:write') && (
          <Making
            onNotebook={async () => made(await session.api.sharing.newNotebook(name, folder))}
            onUpload={async file => {
              const path = folder ? `${folder}/${file.name}` : file.name;
              await upload(file, (content, chunk) =>
                session.api.sharing.upload(name, path, content, chunk)
              ).catch(error => {
                throw taken(error, file.name, trans);
              });
              await files.refresh();
            }}
            trans={trans}
          />
        )}
      </div>
      {folder && <Path folder={folder} onFolder={setFolder} trans={trans} />}
      <Waiting reading={files} loading={trans.__('Loading files…')} trans={trans}>
        {entries => (
          <Entries
            entries={entries}
            writes={may(project, 'file:write')}
            onOpen={open}
            trans={trans}
          />
        )}
      </Waiting>
    </section>
  );
}

function useFolder(props: ProjectSectionProps, folder: string): Reading<FolderEntry[]> {
  const { api, connection } = props.session;
  const { name } = props.project;
  return useReading(
    React.useCallback(
      () =>
        new Reading({
          read: () => api.sharing.folder(name, folder),
          connection,
          topic: `projects/${name}`,
          when: ['file']
        }),
      [api, connection, name, folder]
    )
  );
}

/** The two ways to a new file. */
function Making(props: {
  onNotebook: () => Promise<void>;
  onUpload: (file: File) => Promise<void>;
  trans: TranslationBundle;
}): React.ReactElement {
  const { onNotebook, onUpload, trans } = props;
  const { busy, problem, run } = useAction();
  const chooser = React.useRef<HTMLInputElement>(null);
  const all = async (files: readonly File[]) => {
    for (const file of files) {
      await onUpload(file);
    }
  };
  return (
    <>
      <TextButton disabled={busy} onClick={() => void run(onNotebook)}>
        {trans.__('New notebook')}
      </TextButton>
      <TextButton disabled={busy} onClick={() => chooser.current?.click()}>
        {trans.__('Upload')}
      </TextButton>
      <input
        ref={chooser}
        type="file"
        multiple
        hidden
        aria-label={trans.__('Files to upload')}
        onChange={event => {
          const files = [...(event.target.files ?? [])];
          event.target.value = '';
          void run(() => all(files));
        }}
      />
      <Trouble problem={problem} />
    </>
  );
}

/** An upload replaces nothing: what came is kept in the history of the file that is there. */
function taken(error: unknown, name: string, trans: TranslationBundle): unknown {
  return error instanceof Problem && error.code === 'stale'
    ? new Error(
        trans.__(
          'There is a file %1 already. Yours is kept in its history, not in its place.',
          name
        )
      )
    : error;
}

/** Where one is, each folder above a button. */
function Path(props: {
  folder: string;
  onFolder: (folder: string) => void;
  trans: TranslationBundle;
}): React.ReactElement {
  const { folder, onFolder, trans } = props;
  const parts = folder.split('/');
  return (
    <nav className="sub-Path" aria-label={trans.__('Folder')}>
      <button type="button" onClick={() => onFolder('')}>
        {trans.__('Project')}
      </button>
      {parts.map((part, index) => (
        <React.Fragment key={index}>
          {' / '}
          <button type="button" onClick={() => onFolder(parts.slice(0, index + 1).join('/'))}>
            {part}
          </button>
        </React.Fragment>
      ))}
    </nav>
  );
}

function Entries(props: {
  entries: readonly FolderEntry[];
  /** Whether one may make files here. */
  writes: boolean;
  onOpen: (entry: FolderEntry) => void;
  trans: TranslationBundle;
}): React.ReactElement {
  const { entries, writes, onOpen, trans } = props;
  const now = useNow();
  if (entries.length === 0) {
    return (
      <Message kind="empty">
        {writes
          ? trans.__('No files here yet: press New notebook, or upload some.')
          : trans.__('No files here yet.')}
      </Message>
    );
  }
  return (
    <ul className="sub-Rows" aria-label={trans.__('Files')}>
      {[...entries].sort(foldersFirst).map(entry => {
        const Icon = ICONS[entry.type];
        return (
          <li key={entry.path}>
            <button type="button" className="sub-FileRow" onClick={() => onOpen(entry)}>
              <span role="img" aria-label={kindWord(entry, trans)} className="sub-Who-icon">
                <Icon.react tag="span" width="16px" height="16px" />
              </span>
              <span className="sub-FileRow-name" title={entry.name}>
                {entry.name}
              </span>
              {entry.author && (
                <span
                  className="sub-Initials"
                  title={trans.__('Saved by %1', entry.author)}
                  aria-label={trans.__('Saved by %1', entry.author)}
                >
                  {initials(entry.author)}
                </span>
              )}
              <span className="sub-FileRow-age">
                <Ago time={entry.last_modified} now={now} trans={trans} />
              </span>
            </button>
          </li>
        );
      })}
    </ul>
  );
}

function kindWord({ type }: FolderEntry, trans: TranslationBundle): string {
  switch (type) {
    case 'directory':
      return trans.__('Folder');
    case 'notebook':
      return trans.__('Notebook');
    default:
      return trans.__('File');
  }
}

function foldersFirst(a: FolderEntry, b: FolderEntry): number {
  const order = Number(b.type === 'directory') - Number(a.type === 'directory');
  return order || a.name.localeCompare(b.name, undefined, { numeric: true });
}
