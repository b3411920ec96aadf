# Releases: documents, source tarball, Debian packages, SBOM and container image.  The Makefile includes this.

.PHONY: docs dist deb sbom image image-root image-root-dev

docs:  ## the man pages as HTML and Markdown, into build/docs
	@docs/man/render build/docs

DIST_DIR ?= build/dist
DEB_DIR ?= build/deb

dist:  ## the source tarball of HEAD, into build/dist
	@deploy/dist $(VERSION) $(DIST_DIR)

deb: dist $(THIRD_PARTY_STAMPS) | packages  ## Debian packages of HEAD, into build/deb
	@deploy/debian/build $(VERSION) $(DEB_DIR) $(DIST_DIR)/secretmanager-$(VERSION).tar.gz \
		$(abspath $(BORINGSSL_DIR)) $(abspath $(CURL_DIR)) $(abspath $(MICROHTTPD_DIR))

# Packed files have the time of the last commit, so that packing again gives the same bytes.
SOURCE_DATE_EPOCH ?= $(shell git log -1 --format=%ct 2>/dev/null || echo 0)
REVISION = $(shell git describe --always --dirty --abbrev=40 --exclude='*' 2>/dev/null)
IMAGE ?= secretmanager:$(VERSION)
IMAGE_DEBIAN ?= debian:bookworm-slim
IMAGE_TARGET ?= release
# More options of docker build.
IMAGE_OPTIONS ?=

# The contents of the image, as deploy/Dockerfile copies them.
IMAGE_ROOT := $(OUT)/image-root
IMAGE_BIN := $(IMAGE_ROOT)/usr/local/bin
IMAGE_DOC := $(IMAGE_ROOT)/usr/share/doc/secretmanager
image-root: shipped
	rm -rf $(IMAGE_ROOT)
	install -d $(IMAGE_BIN)
	install $(STRIPPED) -m 0711 $(SHIPPED:%=$(OUT)/bin/%) $(IMAGE_BIN)
	install -D -m 0644 LICENSE $(IMAGE_DOC)/LICENSE
	CC='$(CC) $(CROSS_LDFLAGS)' VERSION=$(VERSION) SOURCE_DATE_EPOCH=$(SOURCE_DATE_EPOCH) $(THIRD_PARTY)/sbom $(IMAGE_BIN) $(OUT) $(IMAGE_DOC)
	install -m 0444 $(IMAGE_BIN)/secret-exec $(IMAGE_BIN)/secret-exec.copy
	find $(IMAGE_ROOT) -type d -exec chmod 0755 {} +
	find $(IMAGE_ROOT) -exec touch --no-dereference --date=@$(SOURCE_DATE_EPOCH) {} +

# The files that the target dev adds.
image-root-dev: $(OUT)/bin/secret-dev
	rm -rf $(IMAGE_ROOT)-dev
	install -d $(IMAGE_ROOT)-dev/usr/local/bin
	install -d -m 1777 $(IMAGE_ROOT)-dev/tmp
	install $(STRIPPED) -m 0755 $< $(IMAGE_ROOT)-dev/usr/local/bin/secret-dev
	find $(IMAGE_ROOT)-dev -exec touch --no-dereference --date=@$(SOURCE_DATE_EPOCH) {} +

# The SBOM of programs built on this machine; "make image" writes one for the image.
sbom: image-root  ## write the SBOM of the programs: build/release/image-root/usr/share/doc/secretmanager/sbom.spdx.json

image:  ## build the container image secretmanager:VERSION, and its SBOM: build/image/secretmanager-VERSION.spdx.json
	docker build --file deploy/Dockerfile --target $(IMAGE_TARGET) --tag $(IMAGE) $(IMAGE_OPTIONS) \
		--build-arg DEBIAN=$(IMAGE_DEBIAN) --build-arg VERSION=$(VERSION) \
		--build-arg SOURCE_DATE_EPOCH=$(SOURCE_DATE_EPOCH) \
		--build-arg CREATED=$(shell date --utc --date=@$(SOURCE_DATE_EPOCH) +%Y-%m-%dT%H:%M:%SZ) \
		--build-arg REVISION=$(REVISION) .
	@mkdir -p build/image
	@container=$$(docker create $(IMAGE)) && trap "docker rm $$container >/dev/null" EXIT && \
		docker cp $$container:/usr/share/doc/secretmanager/sbom.spdx.json build/image/secretmanager-$(VERSION).spdx.json
