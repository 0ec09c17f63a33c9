package dev.ratoon.agent.bases;

import dev.ratoon.cache.Cache;
import dev.ratoon.cache.arrival.ArrivingBase;
import dev.ratoon.disk.Limits;
import dev.ratoon.disk.manifest.Manifest;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.RatoonException;
import dev.ratoon.protocol.channel.Part;
import dev.ratoon.protocol.channel.ServedBase;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.function.LongConsumer;

/** A base that is arriving, as it is given to another host: what was verified, as it comes. */
final class PartialBase implements ServedBase {
  private final Cache cache;
  private final ArrivingBase arriving;
  private final Manifest manifest;
  private final Documents documents;
  private final ThreadLocal<ByteBuffer> chunks =
      ThreadLocal.withInitial(() -> ByteBuffer.allocate(Limits.CHUNK_BYTES));
  private final LongConsumer telling = this::tell;
  private volatile Optional<Listener> listener = Optional.empty();
  private Optional<ReadyBase> ready = Optional.empty();

  PartialBase(Cache cache, ArrivingBase arriving) {
    this.cache = cache;
    this.arriving = arriving;
    this.manifest = arriving.manifest().orElseThrow();
    this.documents = Documents.of(manifest, Optional.empty());
  }

  @Override
  public long sizeBytes() {
    return manifest.size();
  }

  @Override
  public long lengthBytes(Part part) {
    return part == Part.CONTENT ? manifest.size() : documents.lengthBytes(part);
  }

  @Override
  public boolean isComplete() {
    return false;
  }

  @Override
  public boolean has(int chunk) {
    return manifest.isZero(chunk) || arriving.has(chunk) || cache.find(arriving.id()).isPresent();
  }

  @Override
  public void read(Part part, long offset, ByteBuffer target) {
    if (part != Part.CONTENT) {
      documents.read(part, offset, target);
      return;
    }
    long chunk = offset / Limits.CHUNK_BYTES;
    ByteBuffer whole = chunks.get().clear().limit(manifest.chunkBytes(chunk));
    try {
      arriving.read(chunk, whole);
      int from = (int) (offset % Limits.CHUNK_BYTES);
      target.put(whole.slice(from, target.remaining()));
    } catch (RatoonException ended) {
      if (ended.problem().code() != ErrorCode.WRONG_STATE) {
        throw ended;
      }
      published().read(part, offset, target);
    }
  }

  /** What arrived is a base of the cache by now, or the arrival has failed. */
  private synchronized ReadyBase published() {
    ReadyBase open = ready.orElseGet(() -> ReadyBase.open(cache, cache.use(arriving.id())));
    ready = Optional.of(open);
    return open;
  }

  @Override
  public void listen(Listener hears) {
    listener = Optional.of(hears);
    arriving.onVerified(telling);
  }

  private void tell(long chunk) {
    listener.ifPresent(hears -> hears.arrived((int) chunk));
  }

  @Override
  public synchronized void close() {
    arriving.forget(telling);
    listener = Optional.empty();
    ready.ifPresent(ReadyBase::close);
  }
}
