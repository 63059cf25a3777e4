import { closeSync, openSync, readSync } from 'node:fs';

/** Files that are read at many places over and over: kept open, the one opened longest ago closed when there are too many. */
export class OpenFiles {
  private readonly descriptors = new Map<string, number>();

  constructor(private readonly most = 512) {}

  /** Fills `into` from a place of a file; returns how many bytes there were. */
  readAt(file: string, into: Uint8Array, position: number): number {
    return readSync(this.descriptor(file), into, 0, into.length, position);
  }

  close(file: string): void {
    const descriptor = this.descriptors.get(file);
    if (descriptor !== undefined) closeSync(descriptor);
    this.descriptors.delete(file);
  }

  closeAll(): void {
    for (const file of [...this.descriptors.keys()]) this.close(file);
  }

  private descriptor(file: string): number {
    const known = this.descriptors.get(file);
    if (known !== undefined) return known;
    for (const oldest of this.descriptors.keys()) {
      if (this.descriptors.size < this.most) break;
      this.close(oldest);
    }
    const descriptor = openSync(file, 'r');
    this.descriptors.set(file, descriptor);
    return descriptor;
  }
}
