# SPDX-License-Identifier: GPL-2.0-or-later
"""A terminal of 80x24 in memory: feed it what a serial port says, read what a person would see."""

import re

# Line drawing of the DEC special graphics set, as far as ncurses uses it.
GRAPHICS = dict(zip("jklmnqtuvwxa`~fgoshi", "┘┐┌└┼─├┤┴┬│▒◆·°±⎺⎽␉␋"))
CONTROL = re.compile(r"\x1b(?:\[([?>=!]?)([0-9;:]*)[ -/]*([@-~])|\]([^\x07\x1b]*)(?:\x07|\x1b\\)|([()*+])(.)|#.|"
                     r"([0-Z\\^-~]))", re.S)
INCOMPLETE = re.compile(r"\x1b(?:\[[?>=!]?[0-9;:]*[ -/]*|\][^\x07\x1b]*\x1b?|[()*+#]|[ -/]*)?\Z", re.S)


class Screen:
    """What a VT100 (with the colours and UTF-8 of a Linux console) shows after the bytes given to feed()."""

    def __init__(self, columns=80, rows=24):
        self.columns, self.rows = columns, rows
        self.pending = ""
        self.partial = b""
        self.answers = []       # what the terminal would send back: cursor reports
        self.reset()

    def reset(self):
        self.cells = [[" "] * self.columns for _ in range(self.rows)]
        self.reverse = [[False] * self.columns for _ in range(self.rows)]
        self.x = self.y = 0
        self.top, self.bottom = 0, self.rows - 1
        self.saved = (0, 0)
        self.inverse = False
        self.wrapping = False
        self.charsets, self.shift = ["B", "B"], 0
        self.last = " "

    def text(self):
        """The screen as lines without trailing blanks."""
        return "\n".join("".join(row).rstrip() for row in self.cells)

    def marked(self):
        """The texts shown in reverse video, one string a row: usually the chosen item of a menu."""
        result = []
        for row, flags in zip(self.cells, self.reverse):
            text = "".join(cell for cell, flag in zip(row, flags) if flag).strip()
            if text:
                result.append(text)
        return result

    def feed(self, data):
        data = self.partial + data
        # A UTF-8 character may be cut in two.
        cut = len(data)
        for back in range(1, min(4, len(data)) + 1):
            byte = data[-back]
            if byte & 0xC0 == 0xC0:
                need = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
                if need > back:
                    cut = len(data) - back
                break
            if byte & 0x80 == 0:
                break
        self.partial = data[cut:]
        text = self.pending + data[:cut].decode("utf-8", "replace")
        self.pending = ""
        position = 0
        while position < len(text):
            if text[position] != "\x1b":
                self.put(text[position])
                position += 1
                continue
            match = CONTROL.match(text, position)
            if match:
                self.escape(match)
                position = match.end()
            elif INCOMPLETE.match(text, position):
                self.pending = text[position:]
                return
            else:
                position += 1

    def put(self, char):
        if char == "\r":
            self.x, self.wrapping = 0, False
        elif char in "\n\v\f":
            self.index()
        elif char == "\b":
            self.x, self.wrapping = max(0, self.x - 1), False
        elif char == "\t":
            self.x = min(self.columns - 1, (self.x // 8 + 1) * 8)
        elif char in "\x0e\x0f":
            self.shift = 1 if char == "\x0e" else 0
        elif char >= " " and char != "\x7f":
            if self.charsets[self.shift] == "0":
                char = GRAPHICS.get(char, char)
            self.show(char)

    def show(self, char):
        if self.wrapping:
            self.x = 0
            self.index()
        self.cells[self.y][self.x] = char
        self.reverse[self.y][self.x] = self.inverse
        self.last = char
        self.wrapping = self.x == self.columns - 1
        self.x = min(self.columns - 1, self.x + 1)

    def index(self):
        self.wrapping = False
        if self.y == self.bottom:
            self.scroll(self.top, 1)
        else:
            self.y = min(self.rows - 1, self.y + 1)

    def scroll(self, top, count):
        """Moves the rows from TOP to the bottom margin up by COUNT (down where COUNT is negative)."""
        for grid, blank in ((self.cells, " "), (self.reverse, False)):
            for _ in range(min(abs(count), self.bottom - top + 1)):
                if count > 0:
                    del grid[top]
                    grid.insert(self.bottom, [blank] * self.columns)
                else:
                    del grid[self.bottom]
                    grid.insert(top, [blank] * self.columns)

    def erase(self, y, start, end):
        for x in range(max(0, start), min(self.columns, end)):
            self.cells[y][x] = " "
            self.reverse[y][x] = False

    def move(self, x, y):
        self.x, self.y = max(0, min(self.columns - 1, x)), max(0, min(self.rows - 1, y))
        self.wrapping = False

    def escape(self, match):
        prefix, parameters, final, _title, which, charset, plain = match.groups()
        if which:
            if which in "()":
                self.charsets["()".index(which)] = charset
        elif plain:
            self.single(plain)
        elif final:
            numbers = [int(n) if n.isdigit() else 0 for n in re.split("[;:]", parameters)]
            self.sequence(prefix, numbers, final)

    def single(self, plain):
        if plain == "7":
            self.saved = (self.x, self.y)
        elif plain == "8":
            self.move(*self.saved)
        elif plain == "D":
            self.index()
        elif plain == "E":
            self.x = 0
            self.index()
        elif plain == "M":
            if self.y == self.top:
                self.scroll(self.top, -1)
            else:
                self.move(self.x, self.y - 1)
        elif plain == "c":
            self.reset()

    def sequence(self, prefix, numbers, final):
        n = numbers[0]
        count = max(1, n)
        if prefix:
            if final in "hl" and n in (47, 1047, 1049):
                self.cells = [[" "] * self.columns for _ in range(self.rows)]
                self.reverse = [[False] * self.columns for _ in range(self.rows)]
        elif final in "Hf":
            self.move((numbers[1] if len(numbers) > 1 else 1) - 1, count - 1)
        elif final in "Ae":
            self.move(self.x, self.y + (count if final == "e" else -count))
        elif final == "B":
            self.move(self.x, self.y + count)
        elif final in "Ca":
            self.move(self.x + count, self.y)
        elif final == "D":
            self.move(self.x - count, self.y)
        elif final in "EF":
            self.move(0, self.y + (count if final == "E" else -count))
        elif final in "G`":
            self.move(count - 1, self.y)
        elif final == "d":
            self.move(self.x, count - 1)
        elif final == "J":
            self.erase_screen(n)
        elif final == "K":
            self.erase(self.y, 0 if n else self.x, self.x + 1 if n == 1 else self.columns)
        elif final == "X":
            self.erase(self.y, self.x, self.x + count)
        elif final in "LM":
            if self.top <= self.y <= self.bottom:
                self.scroll(self.y, -count if final == "L" else count)
        elif final in "ST":
            self.scroll(self.top, count if final == "S" else -count)
        elif final in "P@":
            self.shift_row(count if final == "@" else -count)
        elif final == "b":
            for _ in range(min(count, self.columns)):
                self.show(self.last)
        elif final == "r":
            last = numbers[1] if len(numbers) > 1 and numbers[1] else self.rows
            self.top, self.bottom = count - 1, min(self.rows, last) - 1
            self.move(0, 0)
        elif final == "m":
            for number in numbers:
                self.inverse = True if number == 7 else False if number in (0, 27) else self.inverse
        elif final == "n" and n == 6:
            self.answers.append(f"\x1b[{self.y + 1};{self.x + 1}R".encode())
        elif final == "s":
            self.saved = (self.x, self.y)
        elif final == "u":
            self.move(*self.saved)

    def erase_screen(self, what):
        for y in range(self.rows):
            if what >= 2 or (what == 0 and y > self.y) or (what == 1 and y < self.y):
                self.erase(y, 0, self.columns)
        if what == 0:
            self.erase(self.y, self.x, self.columns)
        elif what == 1:
            self.erase(self.y, 0, self.x + 1)

    def shift_row(self, count):
        """Inserts COUNT blanks at the cursor, or takes -COUNT cells out."""
        for grid, blank in ((self.cells, " "), (self.reverse, False)):
            row = grid[self.y]
            if count > 0:
                row[self.x:] = ([blank] * count + row[self.x:])[:self.columns - self.x]
            else:
                row[self.x:] = (row[self.x - count:] + [blank] * self.columns)[:self.columns - self.x]
