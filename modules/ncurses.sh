# shellcheck shell=bash disable=SC2034
SOURCE=ncurses
LICENCE="MIT-X11"
WHY="draws the screens on the framebuffer console, the serial line and every common terminal"
NEEDS="musl"
TOOLS="ncurses-bin ncurses-base"

build()
{
	# The terminals are compiled in, so that the ROM carries no terminfo files.
	./configure --host=x86_64-linux-musl --build=x86_64-linux-gnu --prefix=/rom \
		--with-build-cc=gcc --with-build-cflags=-O1 \
		--without-shared --with-normal --without-debug --without-cxx --without-cxx-binding --without-ada \
		--without-manpages --without-progs --without-tests --without-gpm --without-dlsym \
		--enable-widec --disable-database --disable-home-terminfo --disable-db-install --enable-ext-colors \
		--with-fallbacks=linux,vt100,vt102,vt220,xterm,xterm-256color,screen,screen-256color,tmux,tmux-256color,ansi \
		--with-tic-path=/usr/bin/tic --with-infocmp-path=/usr/bin/infocmp
	make -j"$JOBS" libs
	make DESTDIR="$WORK/out" install.libs install.includes
	mkdir "$DEST/lib"
	cp -a "$WORK/out/rom/include" "$DEST/"
	cp -aL "$WORK/out/rom/lib/libncursesw.a" "$DEST/lib/"
	local header
	for header in curses.h ncurses.h ncurses_dll.h term.h unctrl.h; do
		ln -s "ncursesw/$header" "$DEST/include/$header"
	done
}
