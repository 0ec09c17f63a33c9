package dev.ratoon.agent.bases;

import dev.ratoon.cache.Base;
import dev.ratoon.cache.Cache;
import dev.ratoon.disk.VirtualDisk;
import dev.ratoon.protocol.channel.Part;
import dev.ratoon.protocol.channel.ServedBase;
import java.nio.ByteBuffer;

/** A base that the cache has, as it is given to another host. */
final class ReadyBase implements ServedBase {
  private final VirtualDisk disk;
  private final Documents documents;

  private ReadyBase(VirtualDisk disk, Documents documents) {
    this.disk = disk;
    this.documents = documents;
  }

  static ReadyBase open(Cache cache, Base base) {
    Documents documents = Documents.of(cache.manifest(base.id()), cache.fingerprints(base.id()));
    return new ReadyBase(cache.open(base), documents);
  }

  @Override
  public long sizeBytes() {
    return disk.size();
  }

  @Override
  public long lengthBytes(Part part) {
    return part == Part.CONTENT ? disk.size() : documents.lengthBytes(part);
  }

  @Override
  public boolean isComplete() {
    return true;
  }

  @Override
  public boolean has(int chunk) {
    return true;
  }

  @Override
  public void read(Part part, long offset, ByteBuffer target) {
    if (part == Part.CONTENT) {
      disk.read(offset, target);
    } else {
      documents.read(part, offset, target);
    }
  }

  @Override
  public void listen(Listener listener) {
    // Nothing more arrives, and nothing is taken away while it is open.
  }

  @Override
  public void close() {
    disk.close();
  }
}
