package dev.ratoon.protocol.channel;

import io.airlift.compress.v3.internal.NativeLoader;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/**
 * The calls of libzstd for frames that go on from piece to piece, which the codec's own classes do
 * not offer. It is the library that they bring along.
 */
final class ZstdLibrary {
  private static final int LEVEL = 100;
  private static final int WINDOW_LOG = 101;
  private static final int MOST_WINDOW_LOG = 100;
  private static final int RESET_SESSION = 1;
  private static final int FLUSH = 1;

  private static final Linker LINKER = Linker.nativeLinker();
  private static final SymbolLookup LIBRARY = NativeLoader.loadLibrary("zstd");
  private static final MemoryLayout POINTER = ValueLayout.ADDRESS;
  private static final MemoryLayout SIZE = ValueLayout.JAVA_LONG;
  private static final MemoryLayout INT = ValueLayout.JAVA_INT;

  private static final MethodHandle NEW_PACKER = call("ZSTD_createCCtx", POINTER);
  private static final MethodHandle FREE_PACKER = call("ZSTD_freeCCtx", SIZE, POINTER);
  private static final MethodHandle SET_PACKER =
      call("ZSTD_CCtx_setParameter", SIZE, POINTER, INT, INT);
  private static final MethodHandle RESET_PACKER = call("ZSTD_CCtx_reset", SIZE, POINTER, INT);
  private static final MethodHandle PACK =
      callWithArrays(
          "ZSTD_compressStream2_simpleArgs",
          SIZE,
          POINTER,
          POINTER,
          SIZE,
          POINTER,
          POINTER,
          SIZE,
          POINTER,
          INT);
  private static final MethodHandle NEW_UNPACKER = call("ZSTD_createDCtx", POINTER);
  private static final MethodHandle FREE_UNPACKER = call("ZSTD_freeDCtx", SIZE, POINTER);
  private static final MethodHandle SET_UNPACKER =
      call("ZSTD_DCtx_setParameter", SIZE, POINTER, INT, INT);
  private static final MethodHandle RESET_UNPACKER = call("ZSTD_DCtx_reset", SIZE, POINTER, INT);
  private static final MethodHandle UNPACK =
      callWithArrays(
          "ZSTD_decompressStream_simpleArgs",
          SIZE,
          POINTER,
          POINTER,
          SIZE,
          POINTER,
          POINTER,
          SIZE,
          POINTER);
  private static final MethodHandle IS_ERROR = call("ZSTD_isError", INT, SIZE);

  private ZstdLibrary() {}

  static MemorySegment newPacker() {
    return (MemorySegment) invoke(NEW_PACKER);
  }

  static void freePacker(MemorySegment packer) {
    invoke(FREE_PACKER, packer);
  }

  /** What is packed next begins a frame. */
  static void beginFrame(MemorySegment packer, int level, int windowLog) {
    require((long) invoke(RESET_PACKER, packer, RESET_SESSION));
    require((long) invoke(SET_PACKER, packer, LEVEL, level));
    require((long) invoke(SET_PACKER, packer, WINDOW_LOG, windowLog));
  }

  /**
   * Packs all of {@code plain}, so that it can be unpacked without what follows.
   *
   * @param counts room for two numbers, not an array
   * @return how many bytes
   */
  static long pack(
      MemorySegment packer, MemorySegment plain, MemorySegment target, MemorySegment counts) {
    MemorySegment written = counts.asSlice(0, Long.BYTES);
    MemorySegment read = counts.asSlice(Long.BYTES, Long.BYTES);
    written.set(ValueLayout.JAVA_LONG, 0, 0);
    read.set(ValueLayout.JAVA_LONG, 0, 0);
    long left =
        (long)
            invoke(
                PACK,
                packer,
                target,
                target.byteSize(),
                written,
                plain,
                plain.byteSize(),
                read,
                FLUSH);
    require(left);
    if (left != 0) {
      throw new IllegalStateException("no room for what does not shrink");
    }
    return written.get(ValueLayout.JAVA_LONG, 0);
  }

  static MemorySegment newUnpacker(int mostWindowLog) {
    MemorySegment unpacker = (MemorySegment) invoke(NEW_UNPACKER);
    require((long) invoke(SET_UNPACKER, unpacker, MOST_WINDOW_LOG, mostWindowLog));
    return unpacker;
  }

  static void freeUnpacker(MemorySegment unpacker) {
    invoke(FREE_UNPACKER, unpacker);
  }

  /** What is unpacked next is the beginning of a frame. */
  static void expectFrame(MemorySegment unpacker) {
    require((long) invoke(RESET_UNPACKER, unpacker, RESET_SESSION));
  }

  /**
   * Unpacks what one call of {@link #pack} made.
   *
   * @return how many bytes; -1 if that is not what was given, or there are more than fit
   */
  static long unpack(
      MemorySegment unpacker, MemorySegment packed, MemorySegment target, MemorySegment counts) {
    MemorySegment written = counts.asSlice(0, Long.BYTES);
    MemorySegment read = counts.asSlice(Long.BYTES, Long.BYTES);
    written.set(ValueLayout.JAVA_LONG, 0, 0);
    read.set(ValueLayout.JAVA_LONG, 0, 0);
    long left =
        (long)
            invoke(
                UNPACK,
                unpacker,
                target,
                target.byteSize(),
                written,
                packed,
                packed.byteSize(),
                read);
    long length = written.get(ValueLayout.JAVA_LONG, 0);
    // 0 is the end of a frame, which ours never come to.
    boolean sound = !isError(left) && left != 0 && length < target.byteSize();
    return sound && read.get(ValueLayout.JAVA_LONG, 0) == packed.byteSize() ? length : -1;
  }

  private static boolean isError(long result) {
    return (int) invoke(IS_ERROR, result) != 0;
  }

  private static void require(long result) {
    if (isError(result)) {
      throw new IllegalStateException("libzstd refuses: " + result);
    }
  }

  private static MethodHandle call(String name, MemoryLayout result, MemoryLayout... arguments) {
    return LINKER.downcallHandle(
        LIBRARY.findOrThrow(name), FunctionDescriptor.of(result, arguments));
  }

  /** One that takes arrays where they lie: so the garbage collector waits meanwhile, not long. */
  private static MethodHandle callWithArrays(
      String name, MemoryLayout result, MemoryLayout... arguments) {
    return LINKER.downcallHandle(
        LIBRARY.findOrThrow(name),
        FunctionDescriptor.of(result, arguments),
        Linker.Option.critical(true));
  }

  private static Object invoke(MethodHandle handle, Object... arguments) {
    try {
      return handle.invokeWithArguments(arguments);
    } catch (RuntimeException | Error own) {
      throw own;
    } catch (Throwable impossible) {
      throw new IllegalStateException(impossible);
    }
  }
}
