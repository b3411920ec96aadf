# Build libcrypto.a and libssl.a from BoringSSL's own lists of files.
#   make -f boringssl.mk SOURCE=dir OUT=dir ARCH=x86_64|aarch64 AR=ar CFLAGS=...
# Its own build system needs Go, perl and cmake, but only to generate files that the tarball contains.
include $(SOURCE)/sources.mk

assembly := $(linux_$(ARCH)_sources)
ssl := $(filter-out %_test.cc,$(sort $(wildcard $(SOURCE)/src/ssl/*.cc)))

crypto_objects := $(crypto_sources:%=$(OUT)/%.o) $(assembly:%=$(OUT)/%.o)
ssl_objects := $(ssl:$(SOURCE)/%=$(OUT)/%.o)

flags = $(CFLAGS) -I$(SOURCE)/src/include -I$(SOURCE)/src/crypto -DBORINGSSL_IMPLEMENTATION \
	$(if $(assembly),,-DOPENSSL_NO_ASM) -w

# Optimize parsing, printing and the handshake for size; ciphers, hashes, curves and big numbers for speed.
small := asn1 bio bytestring conf err evp obj pem pkcs7 pkcs8 x509 x509v3
$(small:%=$(OUT)/src/crypto/%/%.o): size := -Os
$(ssl_objects): size := -Os

all: $(OUT)/libcrypto.a $(OUT)/libssl.a

$(OUT)/libcrypto.a: $(crypto_objects)
$(OUT)/libssl.a: $(ssl_objects)
$(OUT)/%.a:
	rm -f $@
	$(AR) rcs $@ $^

$(OUT)/%.c.o: $(SOURCE)/%.c
	@mkdir -p $(@D)
	$(CC) -std=gnu11 $(flags) $(size) -c $< -o $@
$(OUT)/%.S.o: $(SOURCE)/%.S
	@mkdir -p $(@D)
	$(CC) $(flags) -c $< -o $@
# libssl does not need the C++ runtime: the C compiler must be able to link it.
$(OUT)/%.cc.o: $(SOURCE)/%.cc
	@mkdir -p $(@D)
	$(CXX) -std=c++14 -fno-exceptions -fno-rtti $(flags) $(size) -c $< -o $@
