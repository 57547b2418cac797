import { posix } from 'node:path';
import { type FileEntry, type Host } from '../../../hosts/host.js';
import { HostFailure } from '../../../hosts/host-errors.js';
import { DomainError } from '../../../platform/errors/index.js';
import {
  DocumentChanged,
  DocumentMissing,
  DocumentOutsideFolder,
  DocumentPathInvalid,
} from '../autorun.errors.js';
import { isDocumentPath, isMarkdown } from './document-path.js';

export const MAX_DOCUMENT_BYTES = 4 * 1024 * 1024;
const MAX_DEPTH = 10;
const MAX_ENTRIES = 5_000;

export interface DocumentText {
  text: string;
  /** SHA-256 of the content, in hex. */
  etag: string;
}

/** The documents of one Auto Run folder, on whatever host it is. Nothing outside of the folder is read or written. */
export class DocumentFolder {
  /** @param root absolute */
  constructor(
    private readonly host: Host,
    readonly root: string,
  ) {}

  /** @throws {DocumentMissing} */
  async read(path: string): Promise<DocumentText> {
    const file = this.locate(path);
    if (!(await this.confined(path, file))) throw new DocumentMissing(path, this.root);
    try {
      const { content, etag } = await this.host.files.read(file, { maxBytes: MAX_DOCUMENT_BYTES });
      return { text: content.toString(), etag };
    } catch (error) {
      throw isMissing(error) ? new DocumentMissing(path, this.root) : error;
    }
  }

  /**
   * @param ifMatch the etag that the document must have; null: it must not exist; undefined: whatever there is
   * @throws {DocumentChanged}
   */
  async write(path: string, text: string, ifMatch?: string | null): Promise<{ etag: string }> {
    const file = this.locate(path);
    await this.confined(path, file);
    try {
      return await this.host.files.write(file, text, ifMatch === undefined ? {} : { ifMatch });
    } catch (error) {
      throw hasCode(error, 'host/file-changed') ? new DocumentChanged(path) : error;
    }
  }

  async exists(path: string): Promise<boolean> {
    return this.confined(path, this.locate(path));
  }

  absolute(path: string): string {
    return this.locate(path);
  }

  /** All documents, those of a folder before those of the folders in it; hidden ones and links out are left out. */
  async list(): Promise<{ documents: { path: string; size: number }[]; truncated: boolean }> {
    const documents: { path: string; size: number }[] = [];
    const folders: { path: string; depth: number }[] = [{ path: '', depth: 0 }];
    const seen = new Set<string>();
    let entries = 0;
    let truncated = false;
    for (let folder = folders.shift(); folder; folder = folders.shift()) {
      const { path: parent, depth } = folder;
      const children = await this.entriesOf(parent, seen);
      entries += children.length;
      if (entries > MAX_ENTRIES) {
        truncated = true;
        break;
      }
      for (const { name, type, size } of children) {
        const path = posix.join(parent, name);
        if (name.startsWith('.')) continue;
        if (type === 'file' && isMarkdown(name)) documents.push({ path, size });
        if (type !== 'directory') continue;
        if (depth < MAX_DEPTH) folders.push({ path, depth: depth + 1 });
        else truncated = true;
      }
    }
    return { documents, truncated };
  }

  /** A folder that is a link out, or to one that was listed already, has no entries. */
  private async entriesOf(folder: string, seen: Set<string>): Promise<FileEntry[]> {
    const at = folder === '' ? this.root : posix.join(this.root, folder);
    const stat = await this.host.files.stat(at);
    if (stat?.type !== 'directory' || seen.has(stat.realPath)) return [];
    const [root = stat.realPath] = seen;
    if (!isWithin(root, stat.realPath)) return [];
    seen.add(stat.realPath);
    return this.host.files.list(at);
  }

  private locate(path: string): string {
    if (!isDocumentPath(path)) throw new DocumentPathInvalid(path);
    return posix.join(this.root, path);
  }

  /** Whether it exists. @throws {DocumentOutsideFolder} when a link on the way leads out. */
  private async confined(path: string, file: string): Promise<boolean> {
    const root = await this.host.files.stat(this.root);
    if (!root) return false;
    for (let at = file; at !== this.root; at = posix.dirname(at)) {
      const stat = await this.host.files.stat(at);
      if (!stat) continue;
      if (!isWithin(root.realPath, stat.realPath)) throw new DocumentOutsideFolder(path);
      return at === file;
    }
    return false;
  }
}

const isWithin = (root: string, path: string): boolean =>
  path === root || path.startsWith(root === '/' ? root : `${root}/`);

const hasCode = (error: unknown, code: string): boolean =>
  error instanceof DomainError && error.code === code;

const isMissing = (error: unknown): boolean =>
  error instanceof HostFailure && error.code === 'host/file-not-found';
